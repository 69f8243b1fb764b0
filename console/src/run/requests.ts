// HttpRequestsReport.json and BrokenLinkCheckerReport.json.
import type { Pair, PhaseName } from './har';
import { readShot, type Shot } from './report';
import { fields, list, number, text, type Fields } from './untrusted';

/** A request of executeHttpStep, or of a check. */
export interface HttpRequest {
  num: number;
  /** The step's name; "" when the report does not say. */
  step: string;
  method: string;
  url: string;
  /** 0 when no answer came. */
  status: number;
  statusText: string;
  error: string;
  /** Milliseconds; NaN when unknown. */
  total: number;
  phases: { name: PhaseName; ms: number }[];
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
  return {
    num: number(r.requestNum, i + 1),
    step: text(r.step, 256) || text(r.stepName, 256),
    method: text(r.requestMethod, 16) || text(request.method, 16) || 'GET',
    url: text(request.url) || text(r.requestUrl),
    status: number(response.statusCode),
    statusText: text(response.statusMessage, 256),
    error: text(r.error) || text(fields(r.error).message) || text(response.error),
    ...readTimings(fields(r.httpTimings)),
    requestHeaders: pairs(request.headers),
    responseHeaders: pairs(response.headers),
    requestBody: text(request.body, MAX_BODY),
    responseBody: text(response.body, MAX_BODY),
  };
}

/** What the library calls the parts of a request, and what checks do. */
const names: [PhaseName, ...string[]][] = [
  ['dns', 'dnsLookUpTimeInMs', 'dns'], ['connect', 'tcpConnectionTimeInMs', 'connect'], ['ssl', 'tlsHandshakeTimeInMs', 'tls'],
  ['wait', 'firstByteTimeInMs', 'wait', 'firstByte'], ['receive', 'contentTransferTimeInMs', 'receive'],
];

function readTimings(t: Fields): Pick<HttpRequest, 'total' | 'phases'> {
  const phases = names.flatMap(([name, ...keys]) => {
    const ms = number(keys.map((k) => t[k]).find((v) => v !== undefined), 0);
    return ms > 0 ? [{ name, ms }] : [];
  });
  const sum = phases.length > 0 ? phases.reduce((all, p) => all + p.ms, 0) : NaN;
  return { phases, total: number(t.totalDurationInMs ?? t.total, sum) };
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
  const named = list(r.brokenLinks, 5000);
  const links = Object.values(r.links as object).slice(0, 5000).map((l) => readLink(l, named));
  return {
    value: {
      links: links.sort((a, b) => Number(b.broken) - Number(a.broken)),
      broken: number(r.totalBrokenLinks, links.filter((l) => l.broken).length),
      checked: number(r.totalLinksChecked, links.length),
    },
  };
}

/** A link is broken when the report says so, in one way or another. */
function readLink(v: unknown, broken: unknown[]): CheckedLink {
  const l = fields(v);
  const status = { ...l, ...fields(l.status) };
  const url = text(l.url);
  return {
    url,
    parent: text(l.parentUrl),
    text: text(l.text, 512),
    status: [text(status.statusCode, 16), text(status.statusText, 128)].filter(Boolean).join(' '),
    reason: text(l.failureReason),
    broken: l.isBroken === true || broken.includes(l.url),
    shots: list(l.screenshots, 20).map(readShot),
  };
}
