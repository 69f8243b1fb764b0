// SyntheticsLogHelper: takes secrets out of what is logged and reported.
import { messageOf } from './errors.js';

const REDACTED = 'REDACTED';
const urls = /\bhttps?:\/\/[^\s"'<>)\]]+/gi;

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
    if (!this.synthetics._flag('includeUrlPassword', stepConfig) && parsed.password) parsed.password = REDACTED;
    const restricted = [].concat(this.synthetics._flag('restrictedUrlParameters', stepConfig) ?? []);
    if (restricted.length > 0) this.#redact(parsed, restricted);
    return parsed.href;
  }

  /** Query parameters by name, path segments by value; "*" is all of them. */
  #redact(parsed, restricted) {
    const all = restricted.includes('*');
    for (const name of [...parsed.searchParams.keys()]) {
      if (all || restricted.includes(name)) parsed.searchParams.set(name, REDACTED);
    }
    parsed.pathname = parsed.pathname
      .split('/')
      .map((part) => (part !== '' && (all || restricted.includes(decodeURIComponent(part))) ? REDACTED : part))
      .join('/');
  }

  getSanitizedErrorMessage(error, stepConfig) {
    return messageOf(error).replaceAll(urls, (url) => {
      try {
        return this.getSanitizedUrl(url, stepConfig);
      } catch {
        return url;
      }
    });
  }

  getSanitizedHeaders(headers, stepConfig) {
    const restricted = [].concat(this.synthetics._flag('restrictedHeaders', stepConfig) ?? []).map((h) => h.toLowerCase());
    const hide = (name) => restricted.includes('*') || restricted.includes(name.toLowerCase());
    return Object.fromEntries(Object.entries(headers ?? {}).map(([k, v]) => [k, hide(k) ? REDACTED : v]));
  }
}
