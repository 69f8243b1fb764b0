import { useCallback, useEffect, useRef, useState } from 'react';

/** Data of the API and how it is doing. */
export interface Query<T> {
  /** What was loaded last; it stays while it is loaded again or that fails. */
  data?: T;
  /** Of the last attempt. */
  error?: unknown;
  /** Nothing has come yet. */
  loading: boolean;
  /** An attempt is under way. */
  busy: boolean;
  /** When data came. */
  updated?: Date;
  /** Loads at once. It never rejects: see error. */
  refresh(): Promise<void>;
}

export interface QueryOptions<T> {
  /** Milliseconds from one answer to the next question; it may depend on the data. Zero asks once. */
  every?: number | ((data: T | undefined) => number);
  /** False waits. */
  enabled?: boolean;
}

const longest = 60_000;

/**
 * Loads data and keeps it fresh. The key says what is loaded: with another key
 * what was loaded is forgotten. Nobody is asked while the page is hidden; it
 * catches up when it is seen again. After errors it asks half as often each
 * time, once a minute at least.
 */
export function useQuery<T>(key: string, load: (signal: AbortSignal) => Promise<T>, { every = 0, enabled = true }: QueryOptions<T> = {}): Query<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: unknown; updated?: Date }>({ key });
  const [busy, setBusy] = useState(false);
  const latest = useRef({ load, every });
  latest.current = { load, every };
  const ask = useRef<() => Promise<void>>(async () => {});

  useEffect(() => {
    if (!enabled) return;
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let data: T | undefined;
    let running: Promise<void> | undefined;
    let due = true;

    const plan = () => {
      const { every } = latest.current;
      const pause = typeof every === 'function' ? every(data) : every;
      if (gone.signal.aborted || (pause <= 0 && failures === 0)) return;
      const wait = Math.min(Math.max(pause, 1000) * 2 ** failures, Math.max(longest, pause));
      timer = setTimeout(() => {
        if (document.hidden) due = true;
        else void once();
      }, wait);
    };
    const attempt = async () => {
      setBusy(true);
      try {
        const answer = await latest.current.load(gone.signal);
        if (gone.signal.aborted) return;
        data = answer;
        failures = 0;
        setState({ key, data: answer, updated: new Date() });
      } catch (error) {
        if (gone.signal.aborted) return;
        failures++;
        setState((s) => (s.key === key ? { ...s, error } : { key, error }));
      }
      setBusy(false);
      plan();
    };
    const once = () => {
      clearTimeout(timer);
      due = false;
      running ??= attempt().finally(() => (running = undefined));
      return running;
    };
    // Whoever asks means what is true now: an attempt under way may be older.
    ask.current = async () => {
      await running;
      await once();
    };
    const seen = () => {
      if (!document.hidden && due) void once();
    };
    document.addEventListener('visibilitychange', seen);
    void once();
    return () => {
      gone.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
      setBusy(false);
    };
  }, [key, enabled]);

  const refresh = useCallback(() => ask.current(), []);
  const mine = state.key === key ? state : { key };
  return { ...mine, busy, loading: mine.data === undefined && mine.error === undefined && enabled, refresh };
}
