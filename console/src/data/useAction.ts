import { useCallback, useState } from 'react';
import { tell } from '../aws/errors';
import { useNotify } from '../shell/notifications';

/**
 * Runs things that change something, one at a time, and tells how they went.
 * The answer is whether it succeeded.
 */
export function useAction() {
  const notify = useNotify();
  const [busy, setBusy] = useState<string>();
  const run = useCallback(
    async (name: string, work: () => Promise<unknown>, told: { success?: string; failure: string }): Promise<boolean> => {
      setBusy(name);
      try {
        await work();
        if (told.success) notify({ type: 'success', content: told.success });
        return true;
      } catch (error) {
        const { code, message } = tell(error);
        notify({ type: 'error', header: told.failure, content: `${code}: ${message}` });
        return false;
      } finally {
        setBusy(undefined);
      }
    },
    [notify],
  );
  return { busy, run };
}
