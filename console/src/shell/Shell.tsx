import AppLayout from '@cloudscape-design/components/app-layout';
import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import Flashbar from '@cloudscape-design/components/flashbar';
import { I18nProvider } from '@cloudscape-design/components/i18n';
import messages from '@cloudscape-design/components/i18n/messages/all.en';
import SideNavigation from '@cloudscape-design/components/side-navigation';
import Spinner from '@cloudscape-design/components/spinner';
import { Suspense, useEffect, useRef, useState } from 'react';
import { Outlet, useLocation } from 'react-router';
import { hrefOf, routes } from '../ui/routes';
import { useFollow } from '../ui/RouteLink';
import { NotificationProvider, useNotifications } from './notifications';
import { Boundary } from './Boundary';
import { PageContext, type PageInfo } from './page';
import { TopBar } from './TopBar';

/** What surrounds every page. */
export function Shell() {
  return (
    <I18nProvider locale="en" messages={[messages]}>
      <NotificationProvider>
        <a className="skip" href="#main" onClick={skip}>Skip to main content</a>
        <TopBar />
        <Layout />
      </NotificationProvider>
    </I18nProvider>
  );
}

function Layout() {
  const follow = useFollow();
  const { pathname } = useLocation();
  const [page, setPage] = useState<PageInfo>({ title: '', breadcrumbs: [] });
  const [open, setOpen] = useState(() => matchMedia('(min-width: 1100px)').matches);
  useFocusOnNavigation(pathname, page.title);
  return (
    <PageContext.Provider value={setPage}>
      <AppLayout
        headerSelector="#top"
        contentType={page.contentType ?? 'default'}
        toolsHide
        navigationOpen={open}
        onNavigationChange={(e) => setOpen(e.detail.open)}
        ariaLabels={{ navigation: 'Side navigation', navigationClose: 'Close side navigation', navigationToggle: 'Open side navigation', notifications: 'Notifications' }}
        navigation={
          <SideNavigation
            header={{ text: 'CloudWatch Synthetics', href: hrefOf(routes.canaries) }}
            activeHref={hrefOf(pathname.startsWith(routes.groups) ? routes.groups : routes.canaries)}
            onFollow={(e) => {
              follow(e);
              if (!matchMedia('(min-width: 700px)').matches) setOpen(false);
            }}
            items={[
              { type: 'link', text: 'Canaries', href: hrefOf(routes.canaries) },
              { type: 'link', text: 'Groups', href: hrefOf(routes.groups) },
            ]}
          />
        }
        breadcrumbs={
          <BreadcrumbGroup
            ariaLabel="Breadcrumbs"
            onFollow={follow}
            items={[
              { text: 'Synthetics', href: hrefOf(routes.canaries) },
              ...page.breadcrumbs.map((b) => ({ text: b.text, href: b.route ? hrefOf(b.route) : '#' })),
            ]}
          />
        }
        notifications={<Notifications />}
        content={
          <div id="main" tabIndex={-1}>
            <Boundary key={pathname}>
              <Suspense fallback={<Spinner size="large" />}>
                <Outlet />
              </Suspense>
            </Boundary>
          </div>
        }
      />
    </PageContext.Provider>
  );
}

function Notifications() {
  return <Flashbar items={useNotifications()} stackItems />;
}

function skip(event: React.MouseEvent) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

/** Another page: those who listen are told, and the keyboard begins at its top. */
function useFocusOnNavigation(pathname: string, title: string) {
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname || !title) return;
    shown.current = pathname;
    scrollTo(0, 0);
    document.getElementById('main')?.focus({ preventScroll: true });
  }, [pathname, title]);
}
