import Link, { type LinkProps } from '@cloudscape-design/components/link';
import { useHref, useNavigate } from 'react-router';

/** A link to a page of the console. */
export function RouteLink({ to, ...props }: Omit<LinkProps, 'href' | 'onFollow' | 'external'> & { to: string }) {
  const href = useHref(to);
  const navigate = useNavigate();
  return (
    <Link
      {...props}
      href={href}
      onFollow={(event) => {
        event.preventDefault();
        void navigate(to);
      }}
    />
  );
}

/** For components of Cloudscape that have href and onFollow themselves. */
export function useFollow(): (event: CustomEvent<{ href?: string; external?: boolean }>) => void {
  const navigate = useNavigate();
  return (event) => {
    const { href, external } = event.detail;
    const base = import.meta.env.BASE_URL.replace(/\/$/, '');
    if (!href || external || !href.startsWith(base)) return;
    event.preventDefault();
    void navigate(href.slice(base.length) || '/');
  };
}
