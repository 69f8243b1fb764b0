// executeHttpStep: a request as a step, for canaries that watch an API.
import http from 'node:http';
import https from 'node:https';

/** Sends the request and hands the response to check before its body is read. */
export function send(requestOptions, check) {
  const options = typeof requestOptions === 'string' ? fromURL(requestOptions) : { ...requestOptions };
  const { body } = options;
  delete options.body;
  const library = options.protocol === 'http:' ? http : https;
  const started = Date.now();
  const exchange = { options, body, started, timings: {} };
  return new Promise((resolve, reject) => {
    const request = library.request(options, (response) => {
      exchange.response = response;
      exchange.timings.firstByte = Date.now() - started;
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      const ended = new Promise((done, failed) => response.once('end', done).once('error', failed));
      Promise.resolve(check?.(response))
        .then(() => ended)
        .then(() => {
          exchange.responseBody = Buffer.concat(chunks).toString('utf8');
          exchange.timings.total = Date.now() - started;
          resolve(exchange);
        })
        .catch((err) => reject(Object.assign(err instanceof Error ? err : new Error(String(err)), { exchange })));
    });
    request.once('error', (err) => reject(Object.assign(err, { exchange })));
    request.once('timeout', () => request.destroy(new Error('The request timed out')));
    if (body !== undefined && body !== null) request.write(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
    request.end();
  });
}

function fromURL(text) {
  const url = new URL(text);
  return {
    protocol: url.protocol, hostname: url.hostname, port: url.port || undefined, path: url.pathname + url.search,
    auth: url.username ? `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` : undefined,
    method: 'GET',
  };
}

/** The request's address, for logs and reports. */
export function addressOf({ options }) {
  const protocol = options.protocol ?? 'https:';
  const port = options.port ? `:${options.port}` : '';
  return `${protocol}//${options.hostname ?? options.host ?? 'localhost'}${port}${options.path ?? '/'}`;
}

/** One element of HttpRequestsReport.json. */
export function reportOf(exchange, helper, flag) {
  const { options, response } = exchange;
  const out = {
    requestMethod: options.method ?? 'GET',
    request: { url: helper.getSanitizedUrl(addressOf(exchange)) },
    response: response ? { statusCode: response.statusCode, statusMessage: response.statusMessage } : {},
    httpTimings: exchange.timings,
  };
  if (flag('includeRequestHeaders')) out.request.headers = helper.getSanitizedHeaders(options.headers);
  if (flag('includeRequestBody')) out.request.body = exchange.body;
  if (response && flag('includeResponseHeaders')) out.response.headers = helper.getSanitizedHeaders(response.headers);
  if (response && flag('includeResponseBody')) out.response.body = exchange.responseBody;
  return out;
}
