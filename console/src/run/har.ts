// results.har (HAR 1.2) as a waterfall: what was requested when, and where the
// time went.
import { fields, instant, list, number, text } from './untrusted';

/** The parts of a request, in the order they happen. */
export const PHASES = ['blocked', 'dns', 'connect', 'ssl', 'send', 'wait', 'receive'] as const;
export type PhaseName = (typeof PHASES)[number];

export const PHASE_LABELS: Record<PhaseName, string> = {
  blocked: 'Blocked', dns: 'DNS', connect: 'Connect', ssl: 'TLS', send: 'Send', wait: 'Wait', receive: 'Receive',
};

export interface Pair {
  name: string;
  value: string;
}

export interface Entry {
  index: number;
  method: string;
  url: string;
  status: number;
  statusText: string;
  /** A few kinds that people filter by. */
  kind: Kind;
  mime: string;
  /** Bytes over the network; -1 when unknown. */
  size: number;
  /** Milliseconds since the archive's first request. */
  start: number;
  /** Milliseconds from first to last byte, queueing included. */
  time: number;
  phases: { name: PhaseName; ms: number }[];
  protocol: string;
  address: string;
  error: string;
  cached: boolean;
  requestHeaders: Pair[];
  responseHeaders: Pair[];
  query: Pair[];
  requestBody: string;
  responseBody: string;
  redirect: string;
}

export interface Marker {
  name: 'DOMContentLoaded' | 'load';
  /** Milliseconds since the archive's first request. */
  at: number;
  page: string;
}

export interface Waterfall {
  entries: Entry[];
  markers: Marker[];
  /** When the first request began, in milliseconds since 1970. */
  began: number;
  /** Milliseconds up to the last byte or the last marker. */
  span: number;
  /** Entries that the archive has beyond those taken over. */
  omitted: number;
}

export const KINDS = ['document', 'stylesheet', 'script', 'image', 'font', 'fetch', 'media', 'other'] as const;
export type Kind = (typeof KINDS)[number];

/** The most entries that are taken from an archive. */
export const MAX_ENTRIES = 5000;

/** Takes an archive from JSON, or says why it is none. */
export function readHAR(value: unknown): { waterfall?: Waterfall; error?: string } {
  const log = fields(fields(value).log);
  if (!Array.isArray(log.entries)) return { error: 'This file is not an HTTP archive: it has no log.entries.' };
  const raw = list(log.entries, MAX_ENTRIES).map(fields);
  const times = raw.map((e) => instant(e.startedDateTime)).filter((t) => !Number.isNaN(t));
  const began = times.reduce((a, t) => Math.min(a, t), Infinity);
  const entries = raw.map((e, i) => readEntry(e, i, began));
  const markers = list(log.pages, 200).flatMap((p) => readMarkers(fields(p), began));
  const ends = [...entries.map((e) => e.start + e.time), ...markers.map((m) => m.at)];
  return {
    waterfall: {
      entries,
      markers,
      began: Number.isFinite(began) ? began : 0,
      span: ends.reduce((a, t) => Math.max(a, t), 1),
      omitted: log.entries.length - raw.length,
    },
  };
}

function readEntry(e: Record<string, unknown>, index: number, began: number): Entry {
  const request = fields(e.request);
  const response = fields(e.response);
  const content = fields(response.content);
  const phases = readPhases(fields(e.timings));
  const url = text(request.url);
  const mime = text(content.mimeType, 128);
  const at = instant(e.startedDateTime);
  return {
    index,
    method: text(request.method, 16) || 'GET',
    url,
    status: number(response.status),
    statusText: text(response.statusText, 256),
    kind: kindOf(text(e._resourceType, 32), mime, url),
    mime,
    size: firstSize(response._transferSize, response.bodySize, content.size),
    start: Number.isNaN(at) || !Number.isFinite(began) ? 0 : at - began,
    time: Math.max(0, number(e.time), phases.reduce((sum, p) => sum + p.ms, 0)),
    phases,
    protocol: text(response.httpVersion, 32) || text(request.httpVersion, 32),
    address: text(e.serverIPAddress, 64),
    error: text(response._error) || text(e._error),
    cached: e._fromCache === true || e._fromCache === 'memory' || e._fromCache === 'disk',
    requestHeaders: readPairs(request.headers),
    responseHeaders: readPairs(response.headers),
    query: readPairs(request.queryString),
    requestBody: text(fields(request.postData).text, 65_536),
    responseBody: text(content.text, 65_536),
    redirect: text(response.redirectURL),
  };
}

/** The timings that apply. HAR counts ssl into connect as well; here it is
 * taken out, so that the parts add up. */
function readPhases(t: Record<string, unknown>): Entry['phases'] {
  const ssl = Math.max(0, number(t.ssl, -1));
  return PHASES.flatMap((name) => {
    let ms = number(t[name], -1);
    if (name === 'connect' && ms >= ssl) ms -= ssl;
    return ms > 0 ? [{ name, ms }] : [];
  });
}

function firstSize(...sizes: unknown[]): number {
  const known = sizes.map((s) => number(s, -1));
  return known.find((s) => s > 0) ?? (known.includes(0) ? 0 : -1);
}

function readPairs(v: unknown): Pair[] {
  return list(v, 200).map((p) => ({ name: text(fields(p).name, 256), value: text(fields(p).value) }));
}

/** When the page's two events fired. Values of -1 mean that they did not. */
function readMarkers(page: Record<string, unknown>, began: number): Marker[] {
  const offset = instant(page.startedDateTime) - began;
  const timings = fields(page.pageTimings);
  const title = text(page.title, 512);
  const marker = (name: Marker['name'], v: unknown): Marker[] => {
    const at = offset + number(v, -1);
    return number(v, -1) < 0 || !Number.isFinite(at) || at < 0 ? [] : [{ name, at, page: title }];
  };
  return [...marker('DOMContentLoaded', timings.onContentLoad), ...marker('load', timings.onLoad)];
}

/** The kind of a resource by what the browser called it, else by its type. */
export function kindOf(resource: string, mime: string, url: string): Kind {
  const fetched = ['xhr', 'eventsource', 'websocket', 'ping', 'preflight'].includes(resource);
  const kind = fetched ? 'fetch' : KINDS.find((k) => k === resource);
  if (kind && kind !== 'other') return kind;
  if (/html/.test(mime)) return 'document';
  if (/css/.test(mime)) return 'stylesheet';
  if (/javascript|ecmascript/.test(mime)) return 'script';
  if (/^image\//.test(mime)) return 'image';
  if (/font/.test(mime) || /\.(woff2?|ttf|otf)(\?|$)/.test(url)) return 'font';
  if (/^(audio|video)\//.test(mime)) return 'media';
  if (/json|xml/.test(mime)) return 'fetch';
  return 'other';
}

/** What can be asked of a waterfall. Empty means all. */
export interface Query {
  search: string;
  kinds: readonly string[];
  /** "2xx", "3xx", "4xx", "5xx" or "failed". */
  statuses: readonly string[];
}

/** The class of an entry's status; requests without an answer have failed. */
export function statusClass(e: Entry): string {
  return e.status >= 100 && e.status < 600 ? `${Math.floor(e.status / 100)}xx` : 'failed';
}

export function filterEntries(entries: Entry[], q: Query): Entry[] {
  const search = q.search.trim().toLowerCase();
  return entries.filter(
    (e) =>
      (q.kinds.length === 0 || q.kinds.includes(e.kind)) &&
      (q.statuses.length === 0 || q.statuses.includes(statusClass(e))) &&
      (search === '' || `${e.method} ${e.url} ${e.status} ${e.mime}`.toLowerCase().includes(search)),
  );
}

export const COLUMNS = ['start', 'method', 'url', 'status', 'kind', 'size', 'time'] as const;
export type Column = (typeof COLUMNS)[number];

/** A sorted copy; entries that compare equal stay in order of their start. */
export function sortEntries(entries: Entry[], by: Column, descending: boolean): Entry[] {
  const sign = descending ? -1 : 1;
  return [...entries].sort((a, b) => {
    const x = a[by];
    const y = b[by];
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y), 'en');
    return sign * order || a.start - b.start || a.index - b.index;
  });
}

/** The part of a URL that tells entries apart, and its host. */
export function shortURL(url: string): { name: string; host: string } {
  try {
    const u = new URL(url);
    return { name: u.pathname + u.search, host: u.host };
  } catch {
    return { name: url, host: '' };
  }
}

/** Sums of the entries shown: requests, bytes, and the time to the last byte. */
export function totals(entries: Entry[]): { count: number; bytes: number; end: number; failed: number } {
  return entries.reduce(
    (t, e) => ({
      count: t.count + 1,
      bytes: t.bytes + Math.max(0, e.size),
      end: Math.max(t.end, e.start + e.time),
      failed: t.failed + (e.status >= 400 || e.status < 100 ? 1 : 0),
    }),
    { count: 0, bytes: 0, end: 0, failed: 0 },
  );
}
