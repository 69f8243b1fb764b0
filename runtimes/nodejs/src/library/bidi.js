// Records what pages request, from the events of the network module of
// WebDriver BiDi (https://w3c.github.io/webdriver-bidi/#module-network): what a
// Firefox tells. It tells no bodies of requests.
import { egressOf } from '../net/egress.js';
import { logRequest, logResponse } from './requestlog.js';

export class BidiRecorder {
  #har;
  #synthetics;
  #open = new Map(); // by request id
  #windows = new Map(); // the page of each top-level browsing context
  #parents = new Map(); // of browsing contexts in frames

  constructor(synthetics, har) {
    this.#synthetics = synthetics;
    this.#har = har;
  }

  /** Follows every page of the browser behind a connection. */
  connection(bidi) {
    const on = (event, f) => bidi.on(event, f);
    on('browsingContext.contextCreated', (e) => e.parent && this.#parents.set(e.context, e.parent));
    on('network.beforeRequestSent', (e) => this.#sent(e));
    on('network.responseStarted', (e) => this.#started(e));
    on('network.responseCompleted', (e) => this.#completed(e));
    on('network.fetchError', (e) => this.#failed(e));
    on('browsingContext.domContentLoaded', (e) => this.#loaded(e, 'onContentLoad'));
    on('browsingContext.load', (e) => this.#loaded(e, 'onLoad'));
  }

  /** Nothing to do for a page alone: see connection. */
  follow() {}

  /** Closes what never ended. */
  async settle() {
    for (const x of this.#open.values()) {
      x.error = 'still loading when the run ended';
      this.#keep(x, Date.now() - x.wall);
    }
    this.#open.clear();
  }

  #top(context) {
    for (let up = context; ; context = up) {
      up = this.#parents.get(context);
      if (!up) return context;
    }
  }

  #sent(e) {
    const { request } = e;
    if (!/^https?:/.test(request.url)) return;
    if (e.navigation && e.redirectCount === 0 && !this.#parents.has(e.context)) {
      this.#windows.set(e.context, this.#har.page(request.url, e.timestamp));
    }
    const x = {
      page: this.#windows.get(this.#top(e.context)), method: request.method, url: request.url, wall: e.timestamp, status: 0,
      type: request.destination || (e.navigation ? 'document' : request.initiatorType) || 'other',
      requestHeaders: plain(request.headers), requestHeadersSize: request.headersSize ?? -1, contentSize: 0, bodySize: -1,
    };
    this.#open.set(request.request, x);
    logRequest(this.#synthetics, x);
  }

  #started(e) {
    const x = this.#open.get(e.request.request);
    if (!x) return;
    Object.assign(x, answer(e.response, x.url), { requestHeaders: plain(e.request.headers) });
    logResponse(this.#synthetics, x);
  }

  #completed(e) {
    const x = this.#open.get(e.request.request);
    if (!x) return;
    this.#open.delete(e.request.request);
    Object.assign(x, answer(e.response, x.url));
    this.#har.count(x.status);
    if (x.status >= 300 && x.status < 400) x.redirectURL = location(x);
    this.#keep(x, undefined, e.request.timings);
  }

  #failed(e) {
    const x = this.#open.get(e.request.request);
    if (!x) return;
    this.#open.delete(e.request.request);
    if (x.status > 0) this.#har.count(x.status);
    else if (e.errorText !== 'NS_BINDING_ABORTED') this.#har.counts.failed++;
    x.error = x.statusText = e.errorText;
    this.#keep(x, e.timestamp - x.wall, e.request.timings);
  }

  #loaded(e, name) {
    const page = this.#windows.get(e.context);
    if (page && page[name] < 0) page[name] = Math.max(0, e.timestamp - page.wall);
  }

  #keep(x, time, told) {
    const t = timingsOf(told, time);
    Object.assign(x, { time: t.total, timings: t.timings });
    this.#har.add(x);
  }
}

function answer(r, url) {
  return {
    status: r.status, statusText: r.statusText, httpVersion: r.protocol, mimeType: r.mimeType, fromCache: r.fromCache,
    responseHeaders: plain(r.headers), responseHeadersSize: r.headersSize ?? -1, bodySize: r.bodySize ?? -1,
    contentSize: r.content?.size ?? 0, ip: egressOf(url)?.ip,
  };
}

/** Headers as an object; those of one name are lines of one value. */
function plain(headers) {
  const out = {};
  for (const { name, value } of headers ?? []) {
    const text = value.type === 'base64' ? Buffer.from(value.value, 'base64').toString('latin1') : value.value;
    out[name] = name in out ? `${out[name]}\n${text}` : text;
  }
  return out;
}

function location(x) {
  const to = Object.entries(x.responseHeaders).find(([name]) => name.toLowerCase() === 'location')?.[1];
  return to && URL.canParse(to, x.url) ? new URL(to, x.url).href : undefined;
}

/** BiDi's fetch timings (ms, 0 for what did not take place) as HAR timings. */
function timingsOf(t, time) {
  const none = { blocked: -1, dns: -1, connect: -1, ssl: -1, send: 0, wait: Math.max(0, time ?? 0), receive: 0 };
  if (!t || !(t.requestStart > 0) || !(t.responseEnd > 0)) return { total: none.wait, timings: none };
  const span = (a, b) => (a > 0 && b >= a ? b - a : -1);
  const dns = span(t.dnsStart, t.dnsEnd);
  const connect = span(t.connectStart, t.connectEnd);
  const wait = Math.max(0, span(t.requestStart, t.responseStart));
  const receive = Math.max(0, span(t.responseStart, t.responseEnd));
  const began = t.fetchStart > 0 ? t.fetchStart : t.requestTime > 0 ? t.requestTime : t.requestStart;
  const total = Math.max(0, t.responseEnd - began);
  const blocked = Math.max(0, total - Math.max(0, dns) - Math.max(0, connect) - wait - receive);
  return { total, timings: { blocked, dns, connect, ssl: connect > 0 ? span(t.tlsStart, t.connectEnd) : -1, send: 0, wait, receive } };
}
