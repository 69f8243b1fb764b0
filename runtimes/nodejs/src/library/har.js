// What the browser's pages requested: counts by status, and a HAR 1.2.
import { log } from './logger.js';

const MAX_ENTRIES = 5000;

export class Recorder {
  counts = { _2xx: 0, _3xx: 0, _4xx: 0, _5xx: 0, failed: 0 };
  #entries = [];
  #open = new Map();
  #pages = [];
  #synthetics;

  constructor(synthetics) {
    this.#synthetics = synthetics;
  }

  /** Counts a response that did not come through the browser. */
  count(status) {
    const key = `_${Math.floor(status / 100)}xx`;
    if (key in this.counts) this.counts[key]++;
  }

  /** Follows a page and the frames that have a process of their own. */
  follow(page) {
    const ref = `page_${this.#pages.length + 1}`;
    const entry = { id: ref, startedDateTime: new Date().toISOString(), title: '', pageTimings: {} };
    this.#pages.push(entry);
    this.#session(page._client(), ref, entry);
  }

  #session(client, ref, page) {
    client.on('sessionattached', (child) => this.#session(child, ref, page));
    client.on('Network.requestWillBeSent', (e) => this.#sent(ref, page, e));
    client.on('Network.requestServedFromCache', (e) => this.#update(e, (x) => (x._fromCache = true)));
    client.on('Network.responseReceived', (e) => this.#received(e));
    client.on('Network.loadingFinished', (e) => this.#finished(e));
    client.on('Network.loadingFailed', (e) => this.#failed(e));
    client.on('Page.domContentEventFired', (e) => this.#timing(page, 'onContentLoad', e.timestamp));
    client.on('Page.loadEventFired', (e) => this.#timing(page, 'onLoad', e.timestamp));
  }

  #timing(page, name, timestamp) {
    if (page._start) page.pageTimings[name] = milliseconds(timestamp - page._start);
  }

  #update(event, change) {
    const entry = this.#open.get(event.requestId);
    if (entry) change(entry);
    return entry;
  }

  #sent(ref, page, e) {
    if (!/^(https?|wss?):/.test(e.request.url)) return;
    if (e.redirectResponse) {
      const before = this.#open.get(e.requestId);
      if (before) this.#close(before, e.redirectResponse, e.timestamp, e.request.url);
    }
    if (e.type === 'Document' && !page._start) {
      page._start = e.timestamp;
      page.startedDateTime = new Date(e.wallTime * 1000).toISOString();
      page.title = e.request.url;
    }
    this.#open.set(e.requestId, { ref, request: e.request, start: e.timestamp, wall: e.wallTime, type: e.type });
    if (this.#synthetics._flag('logRequest')) log.info(`Request: ${e.request.method} ${this.#url(e.request.url)}`);
  }

  #received(e) {
    this.#update(e, (entry) => (entry.response = e.response));
    if (this.#synthetics._flag('logResponse')) log.info(`Response: ${e.response.status} ${this.#url(e.response.url)}`);
  }

  #finished(e) {
    const entry = this.#open.get(e.requestId);
    if (!entry?.response) return;
    entry.size = e.encodedDataLength;
    this.#close(entry, entry.response, e.timestamp, '');
    this.#open.delete(e.requestId);
  }

  #failed(e) {
    const entry = this.#open.get(e.requestId);
    if (!entry) return;
    this.#open.delete(e.requestId);
    // Scripts and styles with an error status end here, after their response.
    if (entry.response) return this.#close(entry, entry.response, e.timestamp, '');
    if (e.canceled) return;
    this.counts.failed++;
    this.#push(entry, { status: 0, statusText: e.errorText, headers: {} }, e.timestamp, '', e.errorText);
  }

  #close(entry, response, end, redirect) {
    this.count(response.status);
    this.#push(entry, response, end, redirect);
  }

  #push(entry, response, end, redirect, error) {
    if (this.#entries.length >= MAX_ENTRIES || !this.#synthetics._flag('harFile')) return;
    const { request } = entry;
    const timings = timingsOf(response.timing, entry.start, end);
    this.#entries.push({
      pageref: entry.ref,
      startedDateTime: new Date(entry.wall * 1000).toISOString(),
      time: milliseconds(end - entry.start),
      request: {
        method: request.method,
        url: this.#url(request.url),
        httpVersion: response.protocol ?? '',
        headers: this.#headers(request.headers),
        queryString: queryOf(this.#url(request.url)),
        cookies: [],
        headersSize: -1,
        bodySize: request.postData?.length ?? 0,
      },
      response: {
        status: response.status,
        statusText: response.statusText ?? '',
        httpVersion: response.protocol ?? '',
        headers: this.#headers(response.headers),
        cookies: [],
        content: { size: entry.size ?? 0, mimeType: response.mimeType ?? '' },
        redirectURL: redirect,
        headersSize: -1,
        bodySize: entry.size ?? -1,
        ...(error ? { _error: error } : {}),
      },
      cache: {},
      timings,
      serverIPAddress: response.remoteIPAddress ?? '',
      _resourceType: (entry.type ?? '').toLowerCase(),
      _fromCache: entry._fromCache ?? false,
    });
  }

  #url(url) {
    try {
      return this.#synthetics._helper.getSanitizedUrl(url);
    } catch {
      return url;
    }
  }

  #headers(headers) {
    const clean = this.#synthetics._helper.getSanitizedHeaders(headers);
    return Object.entries(clean).map(([name, value]) => ({ name, value: String(value) }));
  }

  /** The archive (HAR 1.2). */
  har(browser) {
    const pages = this.#pages.map(({ _start, ...page }) => page);
    return {
      log: { version: '1.2', creator: { name: 'Nephele', version: '1' }, browser, pages, entries: this.#entries },
    };
  }
}

const milliseconds = (seconds) => Math.round(seconds * 1e6) / 1e3;

function queryOf(url) {
  try {
    return [...new URL(url).searchParams].map(([name, value]) => ({ name, value }));
  } catch {
    return [];
  }
}

/** Chromium's ResourceTiming (ms after requestTime, -1 when absent) as HAR timings. */
function timingsOf(t, start, end) {
  const total = milliseconds(end - start);
  if (!t) return { blocked: -1, dns: -1, connect: -1, ssl: -1, send: 0, wait: total, receive: 0 };
  const span = (a, b) => (a >= 0 && b >= a ? Math.round((b - a) * 1000) / 1000 : -1);
  const first = [t.dnsStart, t.connectStart, t.sendStart].find((x) => x >= 0) ?? 0;
  const received = Math.max(0, milliseconds(end - t.requestTime) - t.receiveHeadersEnd);
  return {
    blocked: Math.max(0, milliseconds(t.requestTime - start) + first),
    dns: span(t.dnsStart, t.dnsEnd),
    connect: span(t.connectStart, t.connectEnd),
    ssl: span(t.sslStart, t.sslEnd),
    send: Math.max(0, span(t.sendStart, t.sendEnd)),
    wait: Math.max(0, span(t.sendEnd, t.receiveHeadersEnd)),
    receive: Math.round(received * 1000) / 1000,
  };
}
