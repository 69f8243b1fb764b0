// The browser of a run.
import { forwarder } from '../net/install.js';
import { puppeteer } from '../puppeteer.js';
import { modern } from './configuration.js';
import { firefoxPreferences, firefoxUserAgent } from './firefox.js';

const viewport = { width: 1920, height: 1080 };

export class Browser {
  browser = null;
  page = null;
  launchedInMs = 0;
  version = { name: '', version: '' };
  #setup;
  #canary;
  #recorder;
  #port = null;
  #prepared = new WeakMap();
  #agent = null;
  #viewport = null;

  constructor(setup, canary, recorder) {
    this.#setup = setup;
    this.#canary = canary;
    this.#recorder = recorder;
  }

  get #isFirefox() {
    return this.#setup.browserType === 'FIREFOX';
  }

  /** The options that launch() starts from. */
  async defaults() {
    if (this.#setup.proxy) this.#port ??= await forwarder(this.#setup.proxy);
    const common = {
      executablePath: this.#setup.browser, userDataDir: `${this.#setup.home}/profile`, defaultViewport: { ...viewport },
      env: browserEnvironment(this.#setup),
    };
    return { ...common, ...(this.#isFirefox ? this.#firefox() : this.#chromium()) };
  }

  #firefox() {
    const userAgent = firefoxUserAgent(this.#setup.browser, this.#canary.getCanaryUserAgentString());
    return { browser: 'firefox', headless: true, pipe: false, args: [], extraPrefsFirefox: firefoxPreferences({ port: this.#port, userAgent }) };
  }

  #chromium() {
    const args = [
      `--window-size=${viewport.width},${viewport.height}`,
      '--disable-breakpad',
      '--disable-gpu',
      '--disable-audio-output',
      '--no-pings',
    ];
    if (this.#port) args.push(`--proxy-server=http://127.0.0.1:${this.#port}`, '--proxy-bypass-list=<-loopback>');
    if (!this.#setup.browserSandbox) args.push('--no-sandbox');
    return { headless: this.#setup.headlessShell ? 'shell' : true, pipe: true, args };
  }

  /** Closes what runs and starts a browser. Options win over the defaults; args are added to them. */
  async launch(options = {}) {
    await this.close();
    if (!this.#setup.browser) throw new Error('No browser is installed on the machine that runs this canary');
    const started = performance.now();
    const base = await this.defaults();
    const given = Array.isArray(options.args) ? options.args : [];
    const all = {
      ...base,
      ...options,
      // What isolates the run is not the script's to choose.
      executablePath: base.executablePath, headless: base.headless, pipe: base.pipe, userDataDir: base.userDataDir,
      browser: base.browser ?? 'chrome',
      args: [...base.args, ...given.filter((a) => !base.args.includes(a))],
    };
    if (base.extraPrefsFirefox) all.extraPrefsFirefox = { ...options.extraPrefsFirefox, ...base.extraPrefsFirefox };
    if (all.ignoreHTTPSErrors !== undefined) all.acceptInsecureCerts ??= all.ignoreHTTPSErrors; // puppeteer's older name
    this.#viewport = all.defaultViewport;
    this.browser = await puppeteer().launch(all);
    this.#recorder.connection?.(this.browser.connection);
    this.#recorder.attached?.(this.browser._connection);
    const [name, version] = (await this.browser.version()).split('/');
    this.version = { name, version: version ?? '' };
    const [page] = await this.browser.pages();
    this.page = page ?? (await this.browser.newPage());
    await this.#prepare(this.page);
    this.browser.on('targetcreated', (target) => this.#opened(target));
    this.launchedInMs += performance.now() - started;
  }

  /** Pages that the script or a page opens are recorded too. */
  async #opened(target) {
    if (target.type() !== 'page') return;
    const page = await target.page().catch(() => null);
    if (page) await this.#prepare(page).catch(() => {}); // it may be gone again
  }

  /** Prepares a page once, whoever sees it first. */
  #prepare(page) {
    if (!this.#prepared.has(page)) this.#prepared.set(page, this.#equip(page));
    return this.#prepared.get(page);
  }

  async #equip(page) {
    this.#recorder.follow(page);
    if (modern(this.#setup)) this.#watchScreenshots(page);
    const trace = this.#canary._trace;
    if (trace) await withHeaders(page, trace.headers());
    if (this.#isFirefox) { // a preference has its user agent
      if (this.#viewport) await page.setViewport(this.#viewport);
      return;
    }
    this.#agent ??= this.browser.userAgent();
    await page.setUserAgent({ userAgent: `${await this.#agent} ${this.#canary.getCanaryUserAgentString()}` });
  }

  /** Pictures that the script takes with the page's own function are part of the report. */
  #watchScreenshots(page) {
    const { screenshot } = page;
    page.screenshot = async (options) => {
      const picture = await screenshot.call(page, options);
      const shot = options?.path && this.#canary._shots.found(options.path, page.url());
      if (shot) this.#canary._attach(shot);
      return picture;
    };
  }

  /** Opens a page and makes it the current one. */
  async newPage() {
    if (!this.browser) await this.launch();
    const page = await this.browser.newPage();
    await this.#prepare(page);
    this.page = page;
    return page;
  }

  /** The page, launching a browser for it when there is none. */
  async getPage() {
    if (!this.browser) await this.launch();
    return this.page;
  }

  /**
   * Ends the browser. It is killed: the profile dies with the run, and an
   * orderly end takes processor time.
   */
  async close() {
    const { browser } = this;
    this.browser = null;
    this.page = null;
    this.#agent = null;
    if (!browser) return;
    const child = browser.process();
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await browser.disconnect().catch(() => {});
  }
}

/** Headers that every request of a page carries, besides those that the script sets. */
async function withHeaders(page, headers) {
  const set = page.setExtraHTTPHeaders;
  page.setExtraHTTPHeaders = (own) => set.call(page, { ...headers, ...own });
  await page.setExtraHTTPHeaders({});
}

/** The browser's temporary files are no artifacts, and it needs no credentials. */
function browserEnvironment({ home }) {
  const { PATH, LANG, TZ } = process.env;
  return { PATH, LANG, TZ, HOME: home, TMPDIR: home };
}
