// Records what the pages of a browser context request, from Playwright's own
// events: they are the same for a Chromium and a Firefox, and hold the frames
// that have a process of their own.
import { log } from '../library/logger.js';
import { logRequest, logResponse } from '../library/requestlog.js';
import { egressOf } from '../net/egress.js';

const maxBody = 1 << 20; // of one response, in the archive
const maxBodies = 16 << 20; // of all

export class PlaywrightRecorder {
  #har;
  #synthetics;
  #open = new Map(); // by request
  #pages = new WeakMap(); // the archive's page of each page
  #pending = new Set();
  #bodies = 0;

  constructor(synthetics, har) {
    this.#synthetics = synthetics;
    this.#har = har;
  }

  /** Follows a context and the pages in it. */
  follow(context) {
    context.on('request', (r) => this.#sent(r));
    context.on('response', (r) => this.#answered(r));
    context.on('requestfinished', (r) => this.#ended(r, ''));
    context.on('requestfailed', (r) => this.#ended(r, r.failure()?.errorText ?? 'failed'));
    context.on('page', (page) => {
      page.on('domcontentloaded', () => this.#loaded(page, 'onContentLoad'));
      page.on('load', () => this.#loaded(page, 'onLoad'));
    });
  }

  /** Waits for what is on its way, and closes what never ended. */
  async settle() {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
    for (const [request, x] of this.#open) {
      x.error = 'still loading when the run ended';
      this.#keep(request, x, Date.now() - x.wall);
    }
    this.#open.clear();
  }

  #sent(request) {
    if (!/^https?:/.test(request.url())) return;
    const page = pageOf(request);
    const wall = Date.now();
    if (page && request.isNavigationRequest() && !request.redirectedFrom() && request.frame() === page.mainFrame()) {
      this.#pages.set(page, this.#har.page(request.url(), wall));
    }
    const x = {
      page: page && this.#pages.get(page), type: request.resourceType(), method: request.method(), url: request.url(), wall,
      postData: text(request), requestHeaders: request.headers(), status: 0, contentSize: 0, bodySize: -1,
    };
    this.#open.set(request, x);
    logRequest(this.#synthetics, x);
  }

  #answered(response) {
    const request = response.request();
    const x = this.#open.get(request);
    if (!x) return;
    Object.assign(x, {
      response, status: response.status(), statusText: response.statusText(), responseHeaders: response.headers(),
      mimeType: response.headers()['content-type']?.split(';')[0] ?? '', fromCache: response.fromServiceWorker(),
      ip: egressOf(x.url)?.ip,
    });
    if (x.status >= 300 && x.status < 400) x.redirectURL = request.redirectedTo()?.url() ?? location(response);
    if (!this.#synthetics._flag('logResponseBody')) logResponse(this.#synthetics, x);
  }

  #ended(request, error) {
    const x = this.#open.get(request);
    if (!x) return;
    this.#open.delete(request);
    // Scripts and styles with an error status fail after their response.
    if (x.response) this.#har.count(x.status);
    else {
      if (!/ERR_ABORTED|NS_BINDING_ABORTED/.test(error)) this.#har.counts.failed++;
      x.error = x.statusText = error;
    }
    const { responseEnd } = request.timing();
    this.#keep(request, x, responseEnd >= 0 ? responseEnd : Date.now() - x.wall);
    if (!x.response) return;
    const more = this.#complete(request, x, error).finally(() => this.#pending.delete(more));
    this.#pending.add(more);
  }

  /** What Playwright has to be asked for. */
  async #complete(request, x, error) {
    const flag = (name) => this.#synthetics._flag(name);
    const ask = async (wanted, f) => wanted && f().catch((err) => log.debug(`${x.url}: ${err.message}`));
    await Promise.all([
      ask(!error, async () => {
        const s = await request.sizes();
        Object.assign(x, { requestHeadersSize: s.requestHeadersSize, responseHeadersSize: s.responseHeadersSize, bodySize: s.responseBodySize });
        x.contentSize ||= s.responseBodySize;
      }),
      ask(true, async () => (x.httpVersion = await x.response.httpVersion?.())),
      ask(flag('includeRequestHeaders'), async () => (x.requestHeaders = await request.allHeaders())),
      ask(flag('includeResponseHeaders'), async () => (x.responseHeaders = joined(await x.response.headersArray()))),
      ask(flag('includeResponseBody') || (flag('logResponse') && flag('logResponseBody')), () => this.#body(x)),
    ]);
    if (flag('logResponseBody')) logResponse(this.#synthetics, x);
  }

  async #body(x) {
    if (x.redirectURL || this.#bodies >= maxBodies) return;
    const body = await x.response.body();
    x.contentSize = body.length;
    if (body.length > maxBody || this.#bodies + body.length > maxBodies) return;
    this.#bodies += body.length;
    x.body = textual(x.mimeType) ? { text: body.toString('utf8') } : { text: body.toString('base64'), encoding: 'base64' };
  }

  #loaded(page, name) {
    const entry = this.#pages.get(page);
    if (entry && entry[name] < 0) entry[name] = Math.max(0, Date.now() - entry.wall);
  }

  #keep(request, x, time) {
    const t = request.timing();
    if (t.startTime > 0) x.wall = t.startTime;
    x.time = Math.max(0, time);
    x.timings = timingsOf(t, x.time);
    this.#har.add(x);
  }
}

/** The page of a request; none for a service worker's. */
function pageOf(request) {
  try {
    return request.frame().page();
  } catch {
    return undefined;
  }
}

function text(request) {
  try {
    return request.postData() ?? undefined;
  } catch {
    return undefined;
  }
}

function location(response) {
  const to = response.headers().location;
  return to && URL.canParse(to, response.url()) ? new URL(to, response.url()).href : undefined;
}

const textual = (type) => /^text\/|json|xml|javascript|x-www-form-urlencoded/.test(type);

function joined(list) {
  const out = {};
  for (const { name, value } of list) out[name] = name in out ? `${out[name]}\n${value}` : value;
  return out;
}

/** Playwright's timing (ms after startTime, -1 when absent) as HAR timings, which add up to the whole. */
function timingsOf(t, total) {
  const span = (a, b) => (a >= 0 && b >= a ? b - a : -1);
  if (!(t.responseStart >= 0)) return { blocked: total, dns: -1, connect: -1, ssl: -1, send: 0, wait: 0, receive: 0 };
  const dns = span(t.domainLookupStart, t.domainLookupEnd);
  const connect = span(t.connectStart, t.connectEnd);
  const wait = Math.max(0, span(t.requestStart, t.responseStart));
  const receive = Math.max(0, total - t.responseStart);
  const blocked = Math.max(0, total - Math.max(0, dns) - Math.max(0, connect) - wait - receive);
  return { blocked, dns, connect, ssl: span(t.secureConnectionStart, t.connectEnd), send: 0, wait, receive };
}
