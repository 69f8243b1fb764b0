// Records what pages of a Chromium request, from the Network and Page domains
// of its DevTools protocol.
import { egressOf } from '../net/egress.js';
import { log } from './logger.js';
import { logRequest, logResponse } from './requestlog.js';

const maxBody = 1 << 20; // of one response, in the archive
const maxBodies = 16 << 20; // of all

export class Recorder {
  #har;
  #synthetics;
  #open = new Map(); // by session and request id
  #extras = new Map();
  #sessions = 0;
  #followed = new WeakMap(); // sessions and their windows
  #bodies = 0;
  #pending = new Set();

  constructor(synthetics, har) {
    this.#synthetics = synthetics;
    this.#har = har;
  }

  /**
   * Follows the windows of a browser that puppeteer launched, from their first
   * request on: one that a page opens begins to load before anybody else can
   * ask for it.
   */
  attached(connection) {
    connection?.on('sessionattached', (session) => {
      // A window's session is below its tab's, a frame's below a window's. The
      // session of a tab is its own parent.
      const tab = session.parentSession();
      if (!tab || tab === session || tab.parentSession() !== tab) return;
      this.session(session, {});
      session.send('Network.enable').catch(() => {}); // it may be gone again
    });
  }

  /** Follows a page of puppeteer and the frames that have a process of their own. */
  follow(page) {
    this.session(page._client(), {});
    this.#followed.get(page._client()).mainFrame = page.mainFrame?.()._id;
  }

  /**
   * Follows a protocol session whose Network and Page domains are enabled.
   * window says which navigations begin a page: those of mainFrame, or of the
   * first frame that loads a document.
   */
  session(client, window) {
    if (this.#followed.has(client)) return;
    this.#followed.set(client, window);
    const key = `${++this.#sessions}:`;
    client.on('sessionattached', (child) => this.session(child, { page: window.page, inner: true, parent: window }));
    const on = (event, f) => client.on(event, f);
    on('Network.requestWillBeSent', (e) => this.#sent(key, window, e));
    on('Network.requestWillBeSentExtraInfo', (e) => this.#extra(key, e.requestId).request.push(e));
    on('Network.responseReceivedExtraInfo', (e) => this.#extra(key, e.requestId).response.push(e));
    on('Network.requestServedFromCache', (e) => this.#update(key, e, (x) => (x.fromCache = true)));
    on('Network.responseReceived', (e) => this.#received(key, e));
    on('Network.dataReceived', (e) => this.#update(key, e, (x) => (x.contentSize += e.dataLength)));
    on('Network.loadingFinished', (e) => this.#finished(key, client, e));
    on('Network.loadingFailed', (e) => this.#failed(key, e));
    on('Network.webSocketCreated', (e) => this.#socket(key, window, e));
    on('Network.webSocketHandshakeResponseReceived', (e) => this.#shaken(key, e));
    on('Page.domContentEventFired', (e) => loaded(window, 'onContentLoad', e.timestamp));
    on('Page.loadEventFired', (e) => loaded(window, 'onLoad', e.timestamp));
  }

  /** Waits for bodies that are on their way, and closes what never ended. */
  async settle() {
    await Promise.allSettled(this.#pending);
    for (const x of this.#open.values()) {
      const now = Date.now();
      x.error ??= 'still loading when the run ended';
      this.#keep(x, x.start + Math.max(0, now - x.wall) / 1000);
    }
    this.#open.clear();
  }

  #extra(key, id) {
    const name = key + id;
    if (!this.#extras.has(name)) this.#extras.set(name, { request: [], response: [] });
    return this.#extras.get(name);
  }

  #update(key, event, change) {
    const x = this.#open.get(key + event.requestId);
    if (x) change(x);
    return x;
  }

  #sent(key, window, e) {
    if (!/^https?:/.test(e.request.url)) return;
    const before = this.#open.get(key + e.requestId);
    if (before && e.redirectResponse) {
      respond(before, e.redirectResponse, e.redirectHasExtraInfo);
      before.redirectURL = e.request.url;
      before.total = e.redirectResponse.encodedDataLength;
      this.#har.count(before.status);
      logResponse(this.#synthetics, before);
      this.#keep(before, e.timestamp);
    } else if (e.type === 'Document') {
      this.#navigated(window, e);
    }
    const x = begun(e, window, this.#extra(key, e.requestId), before);
    this.#open.set(key + e.requestId, x);
    logRequest(this.#synthetics, x);
  }

  /** A document of the main frame begins a page. */
  #navigated(window, e) {
    if (window.inner || (window.mainFrame ??= e.frameId) !== e.frameId || e.requestId !== e.loaderId) return;
    window.page = this.#har.page(e.request.url, e.wallTime * 1000);
    window.start = e.timestamp;
  }

  #received(key, e) {
    const x = this.#update(key, e, (entry) => {
      // A body that nobody reads may never end: the response counts by itself.
      if (!entry.response) this.#har.count(e.response.status);
      respond(entry, e.response, e.hasExtraInfo);
    });
    if (x && !this.#synthetics._flag('logResponseBody')) logResponse(this.#synthetics, x);
  }

  #finished(key, client, e) {
    const x = this.#open.get(key + e.requestId);
    if (!x?.response) return;
    this.#open.delete(key + e.requestId);
    x.total = e.encodedDataLength;
    this.#keep(x, e.timestamp);
    const logged = this.#synthetics._flag('logResponse') && this.#synthetics._flag('logResponseBody');
    if (!logged && !this.#synthetics._flag('includeResponseBody')) return;
    const fetched = this.#fetch(client, e.requestId, x).finally(() => this.#pending.delete(fetched));
    this.#pending.add(fetched);
    if (logged) fetched.then(() => logResponse(this.#synthetics, x));
  }

  /** Asks for a response's body while the browser still has it. */
  async #fetch(client, requestId, x) {
    if (x.contentSize > maxBody || this.#bodies + x.contentSize > maxBodies) return;
    this.#bodies += x.contentSize;
    try {
      const { body, base64Encoded } = await client.send('Network.getResponseBody', { requestId });
      x.body = base64Encoded ? { text: body, encoding: 'base64' } : { text: body };
    } catch (err) {
      log.debug(`The body of a response is gone: ${err.message}`);
    }
  }

  #failed(key, e) {
    const x = this.#open.get(key + e.requestId);
    if (!x) return;
    this.#open.delete(key + e.requestId);
    // Scripts and styles with an error status end here, after their response.
    if (!x.response) {
      if (!e.canceled) this.#har.counts.failed++;
      x.error = e.blockedReason ? `${e.errorText} (${e.blockedReason})` : e.errorText;
      x.statusText = e.errorText;
    }
    this.#keep(x, e.timestamp);
  }

  #socket(key, window, e) {
    const now = Date.now();
    this.#open.set(key + e.requestId, {
      page: window.page ?? window.parent?.page, type: 'WebSocket', method: 'GET', url: e.url, wall: now, status: 0, contentSize: 0,
      opened: performance.now(), hop: 0, extra: { request: [], response: [] },
    });
  }

  #shaken(key, e) {
    const x = this.#open.get(key + e.requestId);
    if (!x) return;
    this.#open.delete(key + e.requestId);
    Object.assign(x, {
      status: e.response.status, statusText: e.response.statusText, responseHeaders: e.response.headers,
      requestHeaders: e.response.requestHeaders, time: performance.now() - x.opened,
    });
    x.timings = { blocked: -1, dns: -1, connect: -1, ssl: -1, send: 0, wait: x.time, receive: 0 };
    this.#har.add(x);
  }

  /** Hands an exchange over; extra information may still reach it (see complete). */
  #keep(x, end) {
    if (x.timings) return;
    x.time = Math.max(0, (end - x.start) * 1000) || 0;
    x.timings = timingsOf(x, end);
    this.#har.add(x);
  }
}

function loaded(window, name, timestamp) {
  if (window.page && window.page[name] < 0) window.page[name] = Math.max(0, (timestamp - window.start) * 1000);
}

/** An exchange at its request. What is known only later is read when it is asked for. */
function begun(e, window, extra, before) {
  return {
    page: window.page ?? window.parent?.page, type: e.type, method: e.request.method, url: e.request.url,
    wall: e.wallTime * 1000, start: e.timestamp, postData: e.request.postData, status: 0, contentSize: 0,
    sent: e.request.headers, extra, hop: before ? before.hop + 1 : 0, told: before ? before.told + (before.hasExtra ? 1 : 0) : 0,
    get requestHeaders() { return this.hasExtra === false ? this.sent : this.extra.request[this.told]?.headers ?? this.sent; },
    get requestHeadersSize() { return sizeOf(this); },
    get responseHeaders() { return (this.hasExtra ? this.extra.response[this.told]?.headers : undefined) ?? this.response?.headers; },
    get responseHeadersSize() { return responseSize(this); },
    get bodySize() { return bodySize(this); },
  };
}

function respond(x, response, hasExtra) {
  Object.assign(x, {
    response, hasExtra, status: response.status, statusText: response.statusText, mimeType: response.mimeType,
    httpVersion: response.protocol, connection: response.connectionId || undefined,
    fromCache: x.fromCache || response.fromDiskCache || response.fromServiceWorker,
    ip: egressOf(x.url)?.ip ?? (response.remoteIPAddress && !viaProxy(response) ? response.remoteIPAddress : undefined),
  });
}

const viaProxy = ({ remoteIPAddress }) => /^(127\.|::1$|\[::1\])/.test(remoteIPAddress);

/** Bytes of the request's head as HTTP/1.1 would write it. */
function sizeOf(x) {
  let size;
  try {
    const { pathname, search } = new URL(x.url);
    size = x.method.length + pathname.length + search.length + 12;
  } catch {
    return -1;
  }
  for (const [name, value] of Object.entries(x.requestHeaders ?? {})) size += name.length + String(value).length + 4;
  return size + 2;
}

function responseSize(x) {
  if (!x.response || x.fromCache) return -1;
  const text = x.hasExtra ? x.extra.response[x.told]?.headersText : undefined;
  return text ? text.length : x.response.encodedDataLength > 0 ? x.response.encodedDataLength : -1;
}

function bodySize(x) {
  if (!x.response) return -1;
  if (x.fromCache) return 0;
  return x.total === undefined ? -1 : Math.max(0, x.total - Math.max(0, responseSize(x)));
}

/**
 * Chromium's ResourceTiming (ms after requestTime, -1 when absent) as HAR
 * timings, which add up to the whole. What the sandbox's proxy told of a
 * tunnel splits the connecting that the browser saw as one.
 */
function timingsOf(x, end) {
  const t = x.response?.timing;
  const total = x.time;
  if (!t) return { blocked: total, dns: -1, connect: -1, ssl: -1, send: 0, wait: 0, receive: 0 };
  const span = (a, b) => (a >= 0 && b >= a ? b - a : -1);
  let dns = span(t.dnsStart, t.dnsEnd);
  let connect = span(t.connectStart, t.connectEnd);
  const told = connect >= 0 && !x.response.connectionReused ? egressOf(x.url) : undefined;
  if (told && told.dns <= connect) {
    dns = told.dns;
    connect -= dns;
  }
  const send = Math.max(0, span(t.sendStart, t.sendEnd));
  const wait = Math.max(0, span(t.sendEnd, t.receiveHeadersEnd));
  const receive = Math.max(0, (end - t.requestTime) * 1000 - t.receiveHeadersEnd);
  const blocked = total - Math.max(0, dns) - Math.max(0, connect) - send - wait - receive;
  // What comes from memory has the timings of the time it was fetched.
  if (blocked < -1) return { blocked: 0, dns: -1, connect: -1, ssl: -1, send: 0, wait: total, receive: 0 };
  return { blocked: Math.max(0, blocked), dns, connect, ssl: span(t.sslStart, t.sslEnd), send, wait, receive };
}
