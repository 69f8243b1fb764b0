// Clients of the SDK for the session. Each comes with the chunk of the page that
// uses it: import only those that a page needs.
import { useMemo } from 'react';
import { useSession, type Session } from '../session/session';

/** A hook that makes one client for each session. */
export function clientHook<C>(make: (session: Session) => C): () => C {
  const made = new WeakMap<Session, C>();
  return () => {
    const { session } = useSession();
    return useMemo(() => {
      const client = made.get(session) ?? make(session);
      made.set(session, client);
      return client;
    }, [session]);
  };
}
