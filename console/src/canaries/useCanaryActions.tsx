import { useCallback } from 'react';
import { deleteCanary, send, startCanary, stopCanary, useSynthetics } from '../aws/synthetics';
import { useAction } from '../data/useAction';

/** Starts, stops and deletes canaries, and tells how it went. */
export function useCanaryActions(done: () => Promise<void>) {
  const client = useSynthetics();
  const { busy, run } = useAction();
  const each = useCallback(
    async (what: string, names: string[], work: (name: string) => Promise<unknown>, success: string, failure: string) => {
      let all = true;
      for (const name of names) {
        const ok = await run(what, () => work(name), { success: `Canary ${name} ${success}.`, failure: `Canary ${name} ${failure}` });
        all &&= ok;
      }
      await done();
      return all;
    },
    [run, done],
  );
  return {
    busy,
    start: (names: string[]) => each('start', names, (Name) => send(client, startCanary({ Name })), 'was started', 'was not started'),
    stop: (names: string[]) => each('stop', names, (Name) => send(client, stopCanary({ Name })), 'was stopped', 'was not stopped'),
    remove: (names: string[]) => each('delete', names, (Name) => send(client, deleteCanary({ Name })), 'was deleted', 'was not deleted'),
  };
}
