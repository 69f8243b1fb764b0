// Synthetics: what scripts know as require('Synthetics') and
// require('@aws/synthetics-puppeteer'). Written from the public type
// definitions and the user guide.
import { BidiRecorder } from './bidi.js';
import { Browser } from './browser.js';
import { Canary } from './canary.js';
import { capture } from './capture.js';
import { Recorder } from './cdp.js';
import { log } from './logger.js';
import { RequestResponseLogHelper } from './requestlog.js';

export class Synthetics extends Canary {
  #browser;
  #recorder;
  #helperIsOld;
  _capture = capture;

  constructor(setup) {
    super(setup);
    const firefox = setup.browserType === 'FIREFOX';
    this.#recorder = firefox ? new BidiRecorder(this, this._har) : new Recorder(this, this._har);
    if (firefox) this._capture = undefined; // the page's own function
    this.#browser = new Browser(setup, this, this.#recorder);
    this.#helperIsOld = setup.major > 3 || (setup.major === 3 && setup.minor >= 2);
  }

  _launchInMs() { return this.#browser.launchedInMs; }
  _currentPage() { return this.#browser.getPage(); }
  _browserVersion() { return this.#browser.version; }
  _settle() { return this.#recorder.settle(); }
  _appendUserAgent(text) { this._userAgent += ` ${text}`; }

  getPage() { return this.#browser.getPage(); }
  getDefaultLaunchOptions() { return this.#browser.defaults(); }
  launch(options) { return this.#browser.launch(options); }
  close() { return this.#browser.close(); }

  /** Opens a page that is recorded like the first; steps picture it from then on. */
  newPage() { return this.#browser.newPage(); }

  /** Appends to the page's user agent. */
  async addUserAgent(page, text) {
    const current = await page.evaluate(() => navigator.userAgent);
    await page.setUserAgent({ userAgent: `${current} ${text}` });
  }

  /** The parts of requests and responses that are logged, by the older way to say so. */
  getRequestResponseLogHelper() {
    if (this.#helperIsOld) log.warn('RequestResponseLogHelper is deprecated: use the options logRequest, logResponse and their parts');
    this._requestLog ??= new RequestResponseLogHelper();
    return this._requestLog;
  }

  /** Sets the helper, or without one returns it to be changed. */
  setRequestResponseLogHelper(helper) {
    if (helper === undefined) return this.getRequestResponseLogHelper();
    if (typeof helper?.request !== 'object' || typeof helper?.response !== 'object') {
      throw new Error('setRequestResponseLogHelper takes a RequestResponseLogHelper');
    }
    this._requestLog = helper;
    return helper;
  }
}
