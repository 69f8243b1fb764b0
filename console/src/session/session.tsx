// Who uses the console: access key, region and account, kept for as long as the
// browser's tab lives and nowhere else.
import { createContext, lazy, Suspense, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { loadConfig, type ServerConfig } from './config';

/** An access key as the SDK takes it. */
export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** What every client needs to know. A new object means new clients. */
export interface Session {
  key: AccessKey;
  region: string;
  account: string;
  /** ARN of the user or role; empty without auth. */
  identity: string;
}

interface SessionState {
  config: ServerConfig;
  session: Session;
  setRegion(region: string): void;
  /** Forgets the access key; nothing to do without auth. */
  signOut(): void;
}

const Context = createContext<SessionState | null>(null);
const storageKey = 'nephele.session';
const SignIn = lazy(() => import('./SignIn'));
const Unreachable = lazy(() => import('./Unreachable'));

/** The session of the page. Only inside SessionProvider. */
export function useSession(): SessionState {
  const state = useContext(Context);
  if (!state) throw new Error('useSession outside of a SessionProvider');
  return state;
}

/** Asks for an access key where the server demands one, then shows children. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const [config, setConfig] = useState<ServerConfig>();
  const [failure, setFailure] = useState<unknown>();
  const [session, setSession] = useState<Session | undefined>(recall);

  useEffect(() => {
    loadConfig().then(setConfig, setFailure);
  }, []);
  useEffect(() => {
    if (session) sessionStorage.setItem(storageKey, JSON.stringify(session));
    else sessionStorage.removeItem(storageKey);
  }, [session]);

  const setRegion = useCallback((region: string) => setSession((s) => (s ? { ...s, region } : s)), []);
  const signOut = useCallback(() => setSession(undefined), []);
  const current = useMemo(() => (config ? settle(config, session) : undefined), [config, session]);
  useEffect(() => {
    if (current && current !== session) setSession(current);
  }, [current, session]);
  const state = useMemo(
    () => (config && current ? { config, session: current, setRegion, signOut } : null),
    [config, current, setRegion, signOut],
  );

  if (failure) return <Suspense><Unreachable error={failure} /></Suspense>;
  if (!config) return null;
  if (!state) return <Suspense><SignIn config={config} onSignIn={setSession} /></Suspense>;
  return <Context.Provider value={state}>{children}</Context.Provider>;
}

/** The session to use: with auth the one that signed in, else anybody's. */
function settle(config: ServerConfig, session: Session | undefined): Session | undefined {
  if (config.auth) return session?.identity ? session : undefined;
  if (session && !session.identity && session.account === config.account) return session;
  return {
    key: { accessKeyId: 'test', secretAccessKey: 'test' },
    region: config.region,
    account: config.account,
    identity: '',
  };
}

function recall(): Session | undefined {
  const text = sessionStorage.getItem(storageKey);
  if (!text) return undefined;
  try {
    return JSON.parse(text) as Session;
  } catch {
    return undefined;
  }
}
