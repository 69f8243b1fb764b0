// What a run's pages requested: counts by status, and an archive of it (HAR
// 1.2, http://www.softwareishard.com/blog/har-12-spec/). Recorders for one or
// another browser protocol collect exchanges; this puts them together at the
// end, when everything about them is known.
import net from 'node:net';

const maxExchanges = 5000;

/**
 * An exchange, as recorders hand it over. Times are in milliseconds; wall is
 * since the epoch. Parts that nobody knows are undefined.
 * @typedef {object} Exchange
 * @property {object} page what page() returned
 * @property {string} method
 * @property {string} url
 * @property {number} wall when it began
 * @property {number} time how long it took
 * @property {number} status 0 without a response
 * @property {object} timings blocked, dns, connect, ssl, send, wait, receive; -1 for what did not take place
 * @property {object} requestHeaders, responseHeaders
 * @property {number} requestHeadersSize, responseHeadersSize, bodySize, contentSize
 */
export class Har {
  counts = { _2xx: 0, _3xx: 0, _4xx: 0, _5xx: 0, failed: 0 };
  pages = [];
  #exchanges = [];
  #dropped = 0;
  #synthetics;

  constructor(synthetics) {
    this.#synthetics = synthetics;
  }

  /** True when a page was followed: then there is something to archive. */
  get used() {
    return this.pages.length > 0 || this.#exchanges.length > 0;
  }

  /** Counts a response. */
  count(status) {
    const key = `_${Math.floor(status / 100)}xx`;
    if (key in this.counts) this.counts[key]++;
  }

  /** Begins a page: a navigation of a window. wall may be undefined until something is requested. */
  page(url, wall) {
    const page = { id: `page_${this.pages.length + 1}`, url, wall, onContentLoad: -1, onLoad: -1 };
    this.pages.push(page);
    return page;
  }

  /** Keeps an exchange; it may still be completed until the archive is made. */
  add(exchange) {
    if (this.#exchanges.length < maxExchanges) this.#exchanges.push(exchange);
    else this.#dropped++;
  }

  /** The archive. */
  archive(browser) {
    const flag = (name) => this.#synthetics._flag(name);
    const shown = {
      requestHeaders: flag('includeRequestHeaders'), responseHeaders: flag('includeResponseHeaders'),
      requestBody: flag('includeRequestBody'), responseBody: flag('includeResponseBody'),
    };
    const exchanges = this.#exchanges.toSorted((a, b) => a.wall - b.wall);
    const used = new Set(exchanges.map((e) => e.page));
    return {
      log: {
        version: '1.2',
        creator: { name: 'Nephele', version: '1' },
        browser,
        pages: this.pages.filter((p) => used.has(p) || p.onLoad >= 0).map((p) => this.#pageOf(p)),
        entries: exchanges.map((e) => this.#entry(e, shown)),
        ...(this.#dropped > 0 ? { comment: `${this.#dropped} further requests are not listed` } : {}),
      },
    };
  }

  #pageOf({ id, url, wall, onContentLoad, onLoad }) {
    return {
      startedDateTime: new Date(wall ?? Date.now()).toISOString(), id, title: this.#url(url),
      pageTimings: { onContentLoad: round(onContentLoad), onLoad: round(onLoad) },
    };
  }

  #entry(e, shown) {
    const url = this.#url(e.url);
    const ip = serverAddress(e);
    return {
      pageref: e.page?.id,
      startedDateTime: new Date(e.wall).toISOString(),
      time: round(e.time),
      request: this.#request(e, url, shown),
      response: this.#response(e, shown),
      cache: {},
      timings: Object.fromEntries(Object.entries(e.timings).map(([k, v]) => [k, round(v)])),
      ...(ip ? { serverIPAddress: ip } : {}),
      ...(e.connection ? { connection: String(e.connection) } : {}),
      _resourceType: (e.type ?? 'other').toLowerCase(),
      _fromCache: Boolean(e.fromCache),
      ...(e.error ? { _error: e.error } : {}),
    };
  }

  #request(e, url, shown) {
    const headers = shown.requestHeaders ? this.#headers(e.requestHeaders) : [];
    return {
      method: e.method, url, httpVersion: e.httpVersion ?? '', cookies: shown.requestHeaders ? cookiesOf(headers, 'cookie') : [],
      headers, queryString: queryOf(url), headersSize: e.requestHeadersSize ?? -1, bodySize: e.postData ? Buffer.byteLength(e.postData) : 0,
      ...(e.postData && shown.requestBody ? {
        postData: { mimeType: header(e.requestHeaders, 'content-type') ?? '', params: [], text: e.postData },
      } : {}),
    };
  }

  #response(e, shown) {
    const headers = shown.responseHeaders ? this.#headers(e.responseHeaders) : [];
    const content = { size: e.contentSize ?? 0, mimeType: e.mimeType ?? '' };
    if (e.contentSize > 0 && e.bodySize >= 0 && e.contentSize > e.bodySize) content.compression = e.contentSize - e.bodySize;
    if (shown.responseBody && e.body) Object.assign(content, e.body);
    return {
      status: e.status, statusText: e.statusText ?? '', httpVersion: e.httpVersion ?? '',
      cookies: shown.responseHeaders ? cookiesOf(headers, 'set-cookie') : [], headers, content,
      redirectURL: e.redirectURL ? this.#url(e.redirectURL) : '',
      headersSize: e.responseHeadersSize ?? -1, bodySize: e.bodySize ?? -1,
    };
  }

  #url(url) {
    try {
      return this.#synthetics._helper.getSanitizedUrl(url);
    } catch {
      return url ?? '';
    }
  }

  #headers(headers) {
    const clean = this.#synthetics._helper.getSanitizedHeaders(headers);
    delete clean['Proxy-Connection']; // for the sandbox's proxy, which keeps it
    return Object.entries(clean).flatMap(([name, value]) => String(value).split('\n').map((v) => ({ name, value: v })));
  }
}

const round = (ms) => (ms >= 0 ? Math.round(ms * 1000) / 1000 : -1);

/** A header by its lower-case name. */
export function header(headers, name) {
  return Object.entries(headers ?? {}).find(([k]) => k.toLowerCase() === name)?.[1];
}

/**
 * Behind a proxy the browser knows the proxy's address alone: then a literal
 * address in the URL, or what the proxy told, is the server's.
 */
function serverAddress(e) {
  try {
    const host = new URL(e.url).hostname.replace(/^\[|\]$/g, '');
    if (net.isIP(host)) return host;
  } catch {
    return undefined;
  }
  return e.ip;
}

function queryOf(url) {
  try {
    return [...new URL(url).searchParams].map(([name, value]) => ({ name, value }));
  } catch {
    return [];
  }
}

/** Cookies of the headers shown; one that is redacted shows none. */
function cookiesOf(headers, name) {
  const found = headers.filter((h) => h.name.toLowerCase() === name && h.value !== 'REDACTED');
  const pairs = name === 'cookie' ? found.flatMap((h) => h.value.split(/;\s*/)) : found.map((h) => h.value.split(';')[0]);
  return pairs.filter((p) => p.includes('=')).map((p) => ({ name: p.slice(0, p.indexOf('=')).trim(), value: p.slice(p.indexOf('=') + 1).trim() }));
}
