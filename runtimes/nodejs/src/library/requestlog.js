// Requests and responses in the canary's log: the options logRequest,
// logResponse and their parts, and the older RequestResponseLogHelper.
import { log } from './logger.js';

const maxBody = 16 << 10;

/** What the older helper shows of a request and a response. */
export class RequestResponseLogHelper {
  request = { url: true, resourceType: false, method: false, headers: false, postData: false };
  response = { status: true, statusText: true, url: true, remoteAddress: false, headers: false };

  /** Accepts puppeteer's request. */
  getLogRequestString(request) {
    return requestLine({
      url: request.url(), type: request.resourceType(), method: request.method(), requestHeaders: request.headers(), postData: request.postData(),
    }, this.request, same);
  }

  /** Accepts puppeteer's response. */
  getLogResponseString(response) {
    return responseLine({
      status: response.status(), statusText: response.statusText(), url: response.url(),
      ip: response.remoteAddress()?.ip, responseHeaders: response.headers(),
    }, this.response, same);
  }
}

for (const side of ['request', 'response']) {
  for (const part of Object.keys(new RequestResponseLogHelper()[side])) {
    const name = `withLog${title(side)}${title(part)}`;
    RequestResponseLogHelper.prototype[name] = function (value) {
      this[side][part] = Boolean(value);
      return this;
    };
  }
}

function title(word) {
  return word[0].toUpperCase() + word.slice(1);
}

const same = { url: (u) => u, headers: (h) => h };

/** Logs a request that a recorder saw. */
export function logRequest(synthetics, x) {
  if (!synthetics._flag('logRequest')) return;
  const old = synthetics._requestLog?.request ?? { url: true, method: true };
  const parts = {
    ...old, headers: old.headers || synthetics._flag('logRequestHeaders'), postData: old.postData || synthetics._flag('logRequestBody'),
  };
  log.info(`Request: ${requestLine(x, parts, cleaner(synthetics))}`);
}

/** Logs a response that a recorder saw. */
export function logResponse(synthetics, x) {
  if (!synthetics._flag('logResponse')) return;
  const old = synthetics._requestLog?.response ?? { url: true, status: true, statusText: true };
  const parts = { ...old, headers: old.headers || synthetics._flag('logResponseHeaders'), body: synthetics._flag('logResponseBody') };
  log.info(`Response: ${responseLine(x, parts, cleaner(synthetics))}`);
}

function requestLine(x, parts, clean) {
  const out = [];
  if (parts.method) out.push(x.method);
  if (parts.url) out.push(clean.url(x.url));
  if (parts.resourceType) out.push(`type: ${String(x.type).toLowerCase()}`);
  if (parts.headers) out.push(`headers: ${JSON.stringify(clean.headers(x.requestHeaders))}`);
  if (parts.postData && x.postData) out.push(`body: ${bounded(x.postData)}`);
  return out.join(' ');
}

function responseLine(x, parts, clean) {
  const out = [];
  if (parts.status) out.push(x.status);
  if (parts.statusText && x.statusText) out.push(x.statusText);
  if (parts.url) out.push(clean.url(x.url));
  if (parts.remoteAddress && x.ip) out.push(`address: ${x.ip}`);
  if (parts.headers) out.push(`headers: ${JSON.stringify(clean.headers(x.responseHeaders))}`);
  if (parts.body && x.body) out.push(`body: ${bounded(x.body.text)}`);
  return out.join(' ');
}

const bounded = (text) => (text.length > maxBody ? `${text.slice(0, maxBody)}… (${text.length} characters)` : text);

function cleaner(synthetics) {
  return {
    headers: (h) => synthetics._helper.getSanitizedHeaders(h),
    url: (u) => {
      try {
        return synthetics._helper.getSanitizedUrl(u);
      } catch {
        return u;
      }
    },
  };
}
