// Addresses of pages, below the console's own.
const e = encodeURIComponent;
const base = import.meta.env.BASE_URL.replace(/\/$/, '');

export const routes = {
  canaries: '/canaries',
  createCanary: '/canaries/create',
  canary: (name: string, tab?: string) => `/canaries/${e(name)}${tab ? `?tab=${e(tab)}` : ''}`,
  editCanary: (name: string) => `/canaries/${e(name)}/edit`,
  run: (name: string, runId: string) => `/canaries/${e(name)}/runs/${e(runId)}`,
  groups: '/groups',
  group: (name: string) => `/groups/${e(name)}`,
};

/** The href of a route, for components that do not know of the router. */
export const hrefOf = (route: string) => base + route;
