// SyntheticsLogHelper: takes secrets out of what is logged and reported.
import { messageOf } from './errors.js';

const REDACTED = 'REDACTED';
const urls = /\b(?:https?|wss?):\/\/[^\s"'<>)\]]+/gi;

export class SyntheticsLogHelper {
  constructor(synthetics) {
    this.synthetics = synthetics;
  }

  getSanitizedUrl(url, stepConfig) {
    let parsed;
    try {
      parsed = new URL(url);
    } catch {
      throw new Error(`Unable to parse url: ${url}. Please provide a valid url.`);
    }
    if (parsed.password && !this.synthetics._flag('includeUrlPassword', stepConfig)) parsed.password = REDACTED;
    const restricted = namesOf(this.synthetics._flag('restrictedUrlParameters', stepConfig));
    if (restricted.size > 0) redact(parsed, restricted);
    return parsed.href;
  }

  getSanitizedErrorMessage(error, stepConfig) {
    return messageOf(error).replaceAll(urls, (url) => {
      try {
        const clean = this.getSanitizedUrl(url, stepConfig);
        // The parser ends an address of a host alone with a slash.
        return !url.endsWith('/') && clean === `${url}/` ? url : clean;
      } catch {
        return url;
      }
    });
  }

  getSanitizedHeaders(headers, stepConfig) {
    const restricted = namesOf(this.synthetics._flag('restrictedHeaders', stepConfig));
    const hide = (name) => restricted.has('*') || restricted.has(name.toLowerCase());
    return Object.fromEntries(Object.entries(headers ?? {}).map(([k, v]) => [k, hide(k) ? REDACTED : v]));
  }
}

const namesOf = (list) => new Set([].concat(list ?? []).map((n) => String(n).toLowerCase()));

/**
 * Hides the values of query, fragment and path (";name=value") parameters, and
 * path segments that are listed themselves. "*" is every parameter. The rest of
 * the address keeps its spelling.
 */
function redact(parsed, restricted) {
  const hide = (name) => restricted.has('*') || restricted.has(decode(name).toLowerCase());
  const pairs = (text) => text.replace(/([^?&#;=]+)=([^&;]*)/g, (pair, name) => (hide(name) ? `${name}=${REDACTED}` : pair));
  if (parsed.search) parsed.search = pairs(parsed.search);
  if (parsed.hash.includes('=')) parsed.hash = pairs(parsed.hash);
  parsed.pathname = parsed.pathname
    .split('/')
    .map((part) => (part !== '' && restricted.has(decode(part).toLowerCase()) ? REDACTED : part.replace(/;([^=;]+)=([^;]*)/g,
      (pair, name) => (hide(name) ? `;${name}=${REDACTED}` : pair))))
    .join('/');
}

function decode(text) {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
