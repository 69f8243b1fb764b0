import type { FlashbarProps } from '@cloudscape-design/components/flashbar';
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';

export interface Notice {
  type: 'success' | 'error' | 'warning' | 'info';
  header?: ReactNode;
  content?: ReactNode;
}

interface Notices {
  items: FlashbarProps.MessageDefinition[];
  notify(notice: Notice): void;
}

const Context = createContext<Notices>({ items: [], notify: () => {} });

export function NotificationProvider({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<FlashbarProps.MessageDefinition[]>([]);
  const notify = useCallback((notice: Notice) => {
    const id = crypto.randomUUID?.() ?? String(Math.random());
    const onDismiss = () => setItems((all) => all.filter((item) => item.id !== id));
    setItems((all) => [{ ...notice, id, dismissible: true, dismissLabel: 'Dismiss message', onDismiss }, ...all].slice(0, 5));
  }, []);
  const value = useMemo(() => ({ items, notify }), [items, notify]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

/** The messages above the page. */
export const useNotifications = () => useContext(Context).items;

/** Tells something above the page; it stays until it is dismissed. */
export const useNotify = () => useContext(Context).notify;
