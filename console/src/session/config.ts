/** What the server says of itself before anybody has signed in. */
export interface ServerConfig {
  /** Whether requests must be signed with a key that the server knows. */
  auth: boolean;
  /** The account of every caller; empty with auth. */
  account: string;
  /** The region that the page begins in. */
  region: string;
  version: string;
}

/** Asks the server for its configuration. */
export async function loadConfig(): Promise<ServerConfig> {
  const answer = await fetch(`${import.meta.env.BASE_URL}config.json`, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`The server answers ${answer.status} for its configuration.`);
  return (await answer.json()) as ServerConfig;
}
