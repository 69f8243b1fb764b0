// Screenshots: numbered through the run, named for the step.
import fs from 'node:fs';
import path from 'node:path';
import { messageOf } from './errors.js';
import { progress } from './progress.js';

export class ScreenshotResult {
  constructor(fileName, pageUrl, error) {
    this.fileName = fileName;
    this.pageUrl = pageUrl;
    this.error = error ?? null;
    this.visualTestResult = null;
  }

  get filename() { return this.fileName; }
  set filename(name) { this.fileName = name; }
  withFileName(name) { this.fileName = name; return this; }
  withPageUrl(url) { this.pageUrl = url; return this; }
  withError(error) { this.error = error; return this; }
  getFileName() { return this.fileName; }
  getPageUrl() { return this.pageUrl; }
  getError() { return this.error; }
}

export class Screenshots {
  taken = 0;
  spentInMs = 0;
  #dir;
  #clean;

  /** clean makes a page's address fit to be reported. */
  constructor(dir, clean = (url) => url) {
    this.#dir = dir;
    this.#clean = clean;
  }

  /**
   * Takes one. A page that cannot be pictured is noted, and never fails a step.
   * capture gives a PNG of a page.
   */
  async take(page, step, suffix, capture = (p) => p.screenshot({ type: 'png' })) {
    const started = performance.now();
    this.taken++;
    const number = String(this.taken).padStart(2, '0');
    const name = `${[number, fileSafe(step), suffix && fileSafe(suffix)].filter(Boolean).join('-')}.png`;
    const url = () => this.#clean(page.url());
    try {
      const picture = await capture(page);
      fs.writeFileSync(path.join(this.#dir, name), picture);
      progress({ event: 'screenshot', file: name });
      return new ScreenshotResult(name, url());
    } catch (err) {
      return new ScreenshotResult(name, url(), messageOf(err));
    } finally {
      this.spentInMs += performance.now() - started;
    }
  }

  /** A picture that the script took by itself, when it is an artifact of the run; else undefined. */
  found(file, pageUrl) {
    const name = path.relative(this.#dir, path.resolve(this.#dir, file));
    if (name === '' || name.startsWith('..') || path.isAbsolute(name)) return undefined;
    progress({ event: 'screenshot', file: name });
    return new ScreenshotResult(name, this.#clean(pageUrl));
  }
}

/** A step's name as part of a file name: at most 200 bytes of it. */
export function fileSafe(name) {
  let out = '';
  let size = 0;
  for (const char of String(name).replace(/[\\/:*?"<>|\u0000-\u001f\u007f]/g, '_')) {
    size += Buffer.byteLength(char);
    if (size > 200) break;
    out += char;
  }
  return out;
}
