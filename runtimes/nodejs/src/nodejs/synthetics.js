// Synthetics for scripts without a browser: what they know as
// require('@aws/synthetics-core').synthetics. Written from the user guide,
// "Library functions available for Node.js canary".
import { Canary } from '../library/canary.js';

export class ApiSynthetics extends Canary {
  _appendUserAgent(text) { this._userAgent += ` ${text}`; }

  takeScreenshot() { return this.#noBrowser('takeScreenshot'); }
  getPage() { return this.#noBrowser('getPage'); }
  launch() { return this.#noBrowser('launch'); }

  async #noBrowser(name) {
    throw new Error(`synthetics.${name} needs a browser, and ${this.getRuntimeVersion()} has none: use a runtime with Playwright or Puppeteer`);
  }
}
