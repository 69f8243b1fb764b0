// What the tabs of a run share.
import { createContext, useContext, useEffect, useState } from 'react';
import type { Canary, CanaryRun } from '../aws/model';
import type { Artifact } from './artifacts';
import type { Report } from './report';
import type { ArtifactStore, Picture } from './store';

/** A run, and what there is of it. */
export interface RunData {
  canary: Canary;
  run: CanaryRun;
  store?: ArtifactStore;
  files: Artifact[];
  report?: Report;
  /** Loads the canary again, after it was changed. */
  refreshCanary(): Promise<void>;
}

const Context = createContext<RunData | null>(null);
export const RunProvider = Context.Provider;

/** The run of the page. Only inside RunProvider. */
export function useRun(): RunData {
  const data = useContext(Context);
  if (!data) throw new Error('useRun outside of a run page');
  return data;
}

/** A picture of the run: undefined while it is fetched. */
export function usePicture(name: string | undefined): { picture?: Picture; error?: unknown } {
  const { store } = useRun();
  const [state, setState] = useState<{ name?: string; picture?: Picture; error?: unknown }>({});
  useEffect(() => {
    if (!store || !name) return;
    let gone = false;
    store.picture(name).then(
      (picture) => gone || setState({ name, picture }),
      (error: unknown) => gone || setState({ name, error }),
    );
    return () => {
      gone = true;
    };
  }, [store, name]);
  return state.name === name ? state : {};
}
