// Screenshots: numbered through the run, named for the step.
import fs from 'node:fs';
import path from 'node:path';
import { messageOf } from './errors.js';

export class ScreenshotResult {
  constructor(fileName, pageUrl, error) {
    this.fileName = fileName;
    this.pageUrl = pageUrl;
    if (error) this.error = error;
  }

  get filename() { return this.fileName; }
  set filename(name) { this.fileName = name; }
}

export class Screenshots {
  taken = 0;
  spentInMs = 0;
  #dir;

  constructor(dir) {
    this.#dir = dir;
  }

  /** Takes one. A page that cannot be pictured is noted, and never fails a step. */
  async take(page, step, suffix) {
    const started = performance.now();
    this.taken++;
    const number = String(this.taken).padStart(2, '0');
    const name = `${[number, fileSafe(step), suffix && fileSafe(suffix)].filter(Boolean).join('-')}.png`;
    try {
      const picture = await page.screenshot({ type: 'png', optimizeForSpeed: true });
      fs.writeFileSync(path.join(this.#dir, name), picture);
      return new ScreenshotResult(name, page.url());
    } catch (err) {
      return new ScreenshotResult(name, page.url(), messageOf(err));
    } finally {
      this.spentInMs += performance.now() - started;
    }
  }
}

/** A step's name as part of a file name. */
export function fileSafe(name) {
  return String(name).replace(/[\\/:*?"<>|\u0000-\u001f\u007f]/g, '_').slice(0, 200);
}
