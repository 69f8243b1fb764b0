import { useCallback } from 'react';
import { deleteCanary, send, startCanary, stopCanary, useSynthetics } from '../aws/synthetics';
import { useAction } from '../data/useAction';
import { useNotify } from '../shell/notifications';

/**
 * Starts, stops and deletes canaries, and tells how it went. After the first two
 * it calls done. Each answers with the names of those that were changed.
 */
export function useCanaryActions(done: () => Promise<void>) {
  const client = useSynthetics();
  const notify = useNotify();
  const { busy, run } = useAction();
  const each = useCallback(
    async (what: string, names: string[], work: (name: string) => Promise<unknown>, did: string, after?: () => Promise<void>) => {
      const changed: string[] = [];
      for (const name of names) {
        if (await run(what, () => work(name), { failure: `Canary ${name} was not ${did}` })) changed.push(name);
      }
      const [first] = changed;
      if (first) notify({ type: 'success', content: changed.length === 1 ? `Canary ${first} was ${did}.` : `${changed.length} canaries were ${did}: ${changed.join(', ')}.` });
      await after?.();
      return changed;
    },
    [run, notify],
  );
  return {
    busy,
    start: (names: string[]) => each('start', names, (Name) => send(client, startCanary({ Name })), 'started', done),
    stop: (names: string[]) => each('stop', names, (Name) => send(client, stopCanary({ Name })), 'stopped', done),
    remove: (names: string[]) => each('delete', names, (Name) => send(client, deleteCanary({ Name })), 'deleted'),
  };
}
