// executeHttpStep: a request as a step, for canaries that watch an API.
import http from 'node:http';
import https from 'node:https';

const maxBody = 1 << 20; // kept for the report

/** What may be given for a request, as options of http.request with protocol, hostname and path. */
export function optionsOf(request) {
  if (typeof request === 'string' || request instanceof URL) return fromURL(new URL(request));
  if (request === null || typeof request !== 'object') throw new Error('The request must be a URL or an object with options');
  if (typeof request.url === 'string' && !request.hostname && !request.host) {
    return { ...fromURL(new URL(request.url)), ...request };
  }
  return { ...request };
}

function fromURL(url) {
  return {
    protocol: url.protocol, hostname: url.hostname.replace(/^\[|\]$/g, ''), port: url.port || undefined, path: url.pathname + url.search,
    auth: url.username ? `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` : undefined,
    method: 'GET',
  };
}

/** The check of a step that has none of its own. */
function successful(response) {
  const { statusCode, statusMessage } = response;
  if (statusCode < 200 || statusCode > 299) throw new Error(`${statusCode} ${statusMessage}`.trim());
}

/**
 * Sends the request and hands the response to check, before its body is read.
 * headers are added to the script's own. Resolves to the exchange; an error
 * that it rejects with has it as its exchange.
 */
export function send(request, check = successful, headers = {}) {
  const { body, url: _, ...options } = optionsOf(request);
  options.headers = Array.isArray(options.headers) ? options.headers : { ...options.headers, ...headers };
  const library = options.protocol === 'http:' ? http : https;
  const exchange = { options, body: textOf(body), clock: clock(), chunks: [], size: 0 };
  return new Promise((resolve, reject) => {
    const fail = (err) => {
      exchange.clock.mark('end');
      exchange.response?.resume();
      const problem = err instanceof Error ? err : new Error(String(err));
      reject(Object.defineProperty(problem, 'exchange', { value: exchange, enumerable: false, configurable: true }));
    };
    const req = library.request(options, (response) => {
      exchange.response = response;
      exchange.clock.mark('firstByte');
      keepBody(response, exchange);
      answered(response, check).then(() => {
        exchange.clock.mark('end');
        resolve(exchange);
      }, fail);
    });
    req.once('socket', (socket) => exchange.clock.follow(socket));
    req.once('error', fail);
    req.once('timeout', () => req.destroy(new Error(`The request timed out after ${options.timeout} ms`)));
    if (exchange.body !== undefined) req.write(Buffer.isBuffer(body) ? body : exchange.body);
    req.end();
  });
}

/** A body as it is sent: text, bytes, or anything else as JSON. */
function textOf(body) {
  if (body === undefined || body === null || typeof body === 'string') return body ?? undefined;
  return Buffer.isBuffer(body) ? body.toString('utf8') : JSON.stringify(body);
}

/** Keeps the body's bytes on their way to whoever reads them. */
function keepBody(response, exchange) {
  const { push } = response;
  response.push = function (chunk, encoding) {
    if (chunk) {
      if (exchange.size < maxBody) exchange.chunks.push(Buffer.from(chunk).subarray(0, maxBody - exchange.size));
      exchange.size += chunk.length;
    }
    return push.call(this, chunk, encoding);
  };
}

/** Resolves when check is content and the body has ended. */
async function answered(response, check) {
  const ended = new Promise((resolve, reject) => {
    response.once('end', resolve).once('error', reject);
    response.once('close', () => (response.complete ? resolve() : reject(new Error('The connection was closed before the response ended'))));
  });
  ended.catch(() => {}); // the check may fail first
  await (typeof check === 'function' ? check : successful)(response);
  response.resume();
  await ended;
}

/** Times of the parts of an exchange. */
function clock() {
  const at = { start: performance.now() };
  const mark = (name) => (at[name] ??= performance.now());
  return {
    at,
    startedAt: new Date(),
    mark,
    follow(socket) {
      mark('socket');
      if (!socket.connecting && !socket.secureConnecting) return;
      at.fresh = true;
      socket.once('lookup', () => mark('lookup'));
      socket.once('connect', () => mark('connect'));
      socket.once('secureConnect', () => mark('secure'));
    },
  };
}

/** httpTimings of the report. Behind the sandbox's proxy, told is what it knows of the connection. */
function timingsOf({ clock: { at, startedAt } }, told) {
  const end = at.end ?? performance.now();
  const span = (a, b) => (a !== undefined && b !== undefined ? Math.max(0, Math.round((b - a) * 100) / 100) : 0);
  const connected = at.connect ?? at.secure;
  const ready = at.secure ?? at.connect ?? at.socket ?? at.start;
  const dns = at.fresh ? (at.lookup === undefined ? told?.dns ?? 0 : span(at.socket, at.lookup)) : 0;
  const reaching = at.fresh ? span(at.lookup ?? at.start, connected) : 0;
  return {
    startedAt: startedAt.toISOString(),
    endedAt: new Date(startedAt.getTime() + (end - at.start)).toISOString(),
    dnsLookUpTimeInMs: dns,
    tcpConnectionTimeInMs: at.lookup === undefined ? Math.max(0, Math.round((reaching - dns) * 100) / 100) : reaching,
    tlsHandshakeTimeInMs: at.fresh ? span(at.connect, at.secure) : 0,
    firstByteTimeInMs: span(ready, at.firstByte),
    contentTransferTimeInMs: span(at.firstByte, end),
    totalDurationInMs: span(at.start, end),
  };
}

/** The request's address, for logs and reports. */
export function addressOf({ options }) {
  const protocol = options.protocol ?? 'https:';
  const usual = protocol === 'http:' ? 80 : 443;
  const port = options.port && Number(options.port) !== usual ? `:${options.port}` : '';
  const host = options.hostname ?? options.host ?? 'localhost';
  return `${protocol}//${host.includes(':') ? `[${host}]` : host}${port}${options.path ?? '/'}`;
}

const notEnabled = 'Not enabled';

/** One element of HttpRequestsReport.json. step names the step; told is the proxy's knowledge of the server. */
export function reportOf(exchange, { num, step, helper, flag, stepConfig, told }) {
  const { options, response } = exchange;
  const address = addressOf(exchange);
  const url = new URL(helper.getSanitizedUrl(address, stepConfig));
  const size = (headers) => Object.entries(headers ?? {}).reduce((n, [k, v]) => n + k.length + String(v).length + 4, 0);
  return {
    requestNum: num,
    requestUrl: url.href,
    step,
    request: {
      method: options.method ?? 'GET', protocol: url.protocol, hostname: url.hostname, port: Number(url.port) || (url.protocol === 'http:' ? 80 : 443),
      path: url.pathname + url.search, url: url.href,
      headers: flag('includeRequestHeaders') ? helper.getSanitizedHeaders(options.headers, stepConfig) : notEnabled,
      body: flag('includeRequestBody') ? exchange.body ?? '' : '',
      sizeInBytes: { headers: size(options.headers), body: Buffer.byteLength(exchange.body ?? '') },
    },
    response: response ? {
      statusCode: response.statusCode, statusMessage: response.statusMessage,
      headers: flag('includeResponseHeaders') ? helper.getSanitizedHeaders(response.headers, stepConfig) : notEnabled,
      body: flag('includeResponseBody') ? Buffer.concat(exchange.chunks).toString('utf8') : '',
      content: { type: response.headers['content-type'] ?? '', encoding: response.headers['content-encoding'] ?? '' },
      sizeInBytes: { headers: size(response.headers), body: exchange.size },
    } : {},
    httpTimings: timingsOf(exchange, told),
  };
}
