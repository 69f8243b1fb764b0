// Synthetics for Playwright: what scripts know as
// require('@aws/synthetics-playwright').synthetics. Written from the public
// type definitions and the user guide.
import { Canary } from '../library/canary.js';
import { PlaywrightBrowser } from './browser.js';
import { PlaywrightRecorder } from './recorder.js';

export class PlaywrightSynthetics extends Canary {
  #browser;
  #recorder;
  _capture = (page) => this.#browser.picture(page);

  constructor(setup) {
    super(setup);
    this.#recorder = new PlaywrightRecorder(this, this._har);
    this.#browser = new PlaywrightBrowser(setup, this, this.#recorder);
  }

  _launchInMs() { return this.#browser.launchedInMs; }
  async _currentPage() { return this.#browser.current(); }
  _browserVersion() { return this.#browser.version; }
  _settle() { return this.#recorder.settle(); }
  _appendUserAgent(text) { this._userAgent += ` ${text}`; }

  /** Playwright as the modules playwright and playwright-core have it. */
  _library() { return this.#browser.library(); }

  getDefaultLaunchOptions() { return this.#browser.defaults(); }
  launch(options) { return this.#browser.launch(options); }
  close() { return this.#browser.close(); }

  /** Opens a page in a browser or a context. Steps picture it from then on. */
  newPage(browserOrContext) { return this.#browser.newPage(browserOrContext); }

  /** The current page; opens one where there is none, or in the context that is given. */
  async getPage(browserOrContext) {
    return (browserOrContext ? undefined : this.#browser.current()) ?? this.#browser.newPage(browserOrContext);
  }

  async takeScreenshot(stepName, suffix, page) {
    const target = page ?? this.#browser.current();
    if (!target) throw new Error('There is no page to take a screenshot of: open one with synthetics.newPage');
    return this._picture(stepName, suffix, target, undefined);
  }

  /** Appends to the page's user agent. */
  async addUserAgent(page, text) {
    const userAgent = `${await page.evaluate(() => navigator.userAgent)} ${text}`;
    if (this.#browser.kind === 'firefox') return page.setExtraHTTPHeaders({ 'User-Agent': userAgent });
    const session = await page.context().newCDPSession(page);
    await session.send('Emulation.setUserAgentOverride', { userAgent });
    return undefined;
  }
}
