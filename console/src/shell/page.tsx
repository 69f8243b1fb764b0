import type { AppLayoutProps } from '@cloudscape-design/components/app-layout';
import { createContext, useContext, useEffect } from 'react';

/** What a page tells the shell around it. */
export interface PageInfo {
  title: string;
  /** From the outermost; the last is the page itself and has no route. */
  breadcrumbs: { text: string; route?: string }[];
  contentType?: AppLayoutProps.ContentType;
}

export const PageContext = createContext<(info: PageInfo) => void>(() => {});

/** Tells the shell about this page. Call it in every page. */
export function usePage(info: PageInfo) {
  const set = useContext(PageContext);
  const key = JSON.stringify(info);
  useEffect(() => {
    set(JSON.parse(key) as PageInfo);
    document.title = `${info.title} | Nephele console`;
  }, [key, set, info.title]);
}
