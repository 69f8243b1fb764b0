import type { AccessKey } from '../session/session';

/** Configuration of any client: the server is where the page came from. */
export function settings({ key, region }: { key: AccessKey; region: string }) {
  return { endpoint: location.origin, region, credentials: key, maxAttempts: 2 };
}
