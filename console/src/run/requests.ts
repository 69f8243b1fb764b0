// HttpRequestsReport.json and BrokenLinkCheckerReport.json.
import type { Pair } from './har';
import { readShot, type Shot } from './report';
import { fields, list, number, text } from './untrusted';

/** A request of executeHttpStep. */
export interface HttpRequest {
  num: number;
  method: string;
  url: string;
  /** 0 when no answer came. */
  status: number;
  statusText: string;
  error: string;
  /** Milliseconds; NaN when unknown. */
  firstByte: number;
  total: number;
  timings: Pair[];
  requestHeaders: Pair[];
  responseHeaders: Pair[];
  requestBody: string;
  responseBody: string;
}

const MAX_BODY = 65_536;

export function readRequests(value: unknown): { value?: HttpRequest[]; problem?: string } {
  const requests = fields(value).requests;
  if (!Array.isArray(requests)) return { problem: 'This file is not a report of requests: it has no list of them.' };
  return { value: list(requests, 2000).map(readRequest) };
}

function readRequest(v: unknown, i: number): HttpRequest {
  const r = fields(v);
  const request = fields(r.request);
  const response = fields(r.response);
  const timings = fields(r.httpTimings);
  return {
    num: i + 1,
    method: text(r.requestMethod, 16) || text(request.method, 16) || 'GET',
    url: text(request.url) || text(r.requestUrl),
    status: number(response.statusCode),
    statusText: text(response.statusMessage, 256),
    error: text(r.error) || text(fields(r.error).message) || text(response.error),
    firstByte: number(timings.firstByte, NaN),
    total: number(timings.total, NaN),
    timings: pairs(timings),
    requestHeaders: pairs(request.headers),
    responseHeaders: pairs(response.headers),
    requestBody: text(request.body, MAX_BODY),
    responseBody: text(response.body, MAX_BODY),
  };
}

function pairs(v: unknown): Pair[] {
  return Object.entries(fields(v))
    .slice(0, 200)
    .map(([name, value]) => ({ name: text(name, 256), value: Array.isArray(value) ? value.map((x) => text(x)).join(', ') : text(value) }));
}

/** A link that was checked. */
export interface CheckedLink {
  url: string;
  parent: string;
  text: string;
  status: string;
  reason: string;
  broken: boolean;
  shots: Shot[];
}

export interface LinkReport {
  links: CheckedLink[];
  broken: number;
  checked: number;
}

export function readLinks(value: unknown): { value?: LinkReport; problem?: string } {
  const r = fields(value);
  if (typeof r.links !== 'object' || r.links === null) return { problem: 'This file is not a report of links: it has none.' };
  const links = Object.values(r.links as object).slice(0, 5000).map(readLink);
  return {
    value: {
      links: links.sort((a, b) => Number(b.broken) - Number(a.broken)),
      broken: number(r.totalBrokenLinks, links.filter((l) => l.broken).length),
      checked: number(r.totalLinksChecked, links.length),
    },
  };
}

function readLink(v: unknown): CheckedLink {
  const l = fields(v);
  return {
    url: text(l.url),
    parent: text(l.parentUrl),
    text: text(l.text, 512),
    status: [text(l.statusCode, 16), text(l.statusText, 128)].filter(Boolean).join(' '),
    reason: text(l.failureReason),
    broken: l.isBroken === true,
    shots: list(l.screenshots, 20).map(readShot),
  };
}
