import TopNavigation, { type TopNavigationProps } from '@cloudscape-design/components/top-navigation';
import icon from '../icon.svg';
import { useSession } from '../session/session';
import { hrefOf, routes } from '../ui/routes';
import { useFollow } from '../ui/RouteLink';
import { usePreferences, type Theme } from './preferences';

const regions = [
  'us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'ca-central-1', 'sa-east-1', 'eu-central-1', 'eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-north-1', 'eu-south-1',
  'ap-south-1', 'ap-southeast-1', 'ap-southeast-2', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3',
];

/** Name, look, region and account. */
export function TopBar() {
  const { session, config, setRegion, signOut } = useSession();
  const look = usePreferences();
  const follow = useFollow();
  const here = [...new Set([session.region, config.region, ...regions])].sort();
  const utilities: TopNavigationProps.Utility[] = [
    {
      type: 'menu-dropdown', iconName: 'settings', ariaLabel: 'Appearance', title: 'Appearance',
      items: [
        { id: 'theme', text: 'Theme', items: themes.map(([id, text]) => ({ id: `theme:${id}`, text, itemType: 'checkbox' as const, checked: look.theme === id })) },
        {
          id: 'density', text: 'Density',
          items: (['comfortable', 'compact'] as const).map((id) => ({ id: `density:${id}`, text: id[0]!.toUpperCase() + id.slice(1), itemType: 'checkbox' as const, checked: look.density === id })),
        },
      ],
      onItemClick: ({ detail }) => {
        const [what, value] = detail.id.split(':');
        if (what === 'theme') look.setTheme(value as Theme);
        else look.setDensity(value as 'comfortable' | 'compact');
      },
    },
    {
      type: 'menu-dropdown', text: session.region, ariaLabel: `Region: ${session.region}`, title: 'Region',
      items: here.map((id) => ({ id, text: id, itemType: 'checkbox' as const, checked: id === session.region })),
      onItemClick: ({ detail }) => setRegion(detail.id),
    },
    {
      type: 'menu-dropdown', iconName: 'user-profile', text: session.account, ariaLabel: `Account ${session.account}`,
      title: session.identity || `Account ${session.account}`,
      description: session.identity ? session.identity.replace(/^.*:/, '') : 'No sign-in needed',
      items: config.auth ? [{ id: 'out', text: 'Sign out' }] : [{ id: 'version', text: `Nephele ${config.version}`, disabled: true }],
      onItemClick: ({ detail }) => {
        if (detail.id === 'out') signOut();
      },
    },
  ];
  return (
    <div id="top">
      <TopNavigation
        identity={{ href: hrefOf(routes.canaries), title: 'Nephele', logo: { src: icon, alt: '' }, onFollow: (e) => follow(e as never) }}
        utilities={utilities}
        i18nStrings={{ overflowMenuTriggerText: 'More', overflowMenuTitleText: 'All', overflowMenuBackIconAriaLabel: 'Back', overflowMenuDismissIconAriaLabel: 'Close menu' }}
      />
    </div>
  );
}

const themes: [Theme, string][] = [['system', 'Same as system'], ['light', 'Light'], ['dark', 'Dark']];
