// The browser of a run that scripts drive with Playwright. Scripts launch it
// themselves: through synthetics.launch, or with Playwright's own functions.
// Either way it gets the program, the way out and the user agent of the run.
import { capture } from '../library/capture.js';
import { firefoxPreferences, firefoxUserAgent } from '../library/firefox.js';
import { forwarder } from '../net/install.js';
import { load } from './load.js';

const defaultViewport = { width: 1920, height: 1080 };
const kinds = { CHROME: 'chromium', FIREFOX: 'firefox' };

export class PlaywrightBrowser {
  browser = null;
  page = null;
  launchedInMs = 0;
  version = { name: '', version: '' };
  #setup;
  #canary;
  #recorder;
  #port;
  #agents = new WeakMap(); // of each browser: its user agent
  #viewports = new WeakMap();
  #pages = [];
  #sessions = new WeakMap(); // of each page: the protocol session for its pictures
  #prepared;

  constructor(setup, canary, recorder) {
    this.#setup = setup;
    this.#canary = canary;
    this.#recorder = recorder;
  }

  /** chromium or firefox, in Playwright's words. */
  get kind() {
    return kinds[this.#setup.browserType] ?? 'chromium';
  }

  /** The options that launch() starts from. */
  async defaults() {
    if (this.#setup.proxy) this.#port ??= await forwarder(this.#setup.proxy);
    const common = {
      executablePath: this.#setup.browser, headless: true, timeout: Math.max(30_000, this.#setup.timeoutInMs),
      env: browserEnvironment(this.#setup), handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false,
    };
    return this.kind === 'firefox' ? { ...common, ...this.#firefox() } : { ...common, ...this.#chromium() };
  }

  #chromium() {
    const args = [
      `--window-size=${defaultViewport.width},${defaultViewport.height}`, '--disable-breakpad', '--disable-gpu',
      '--disable-audio-output', '--no-pings',
    ];
    if (this.#port) args.push(`--proxy-server=http://127.0.0.1:${this.#port}`, '--proxy-bypass-list=<-loopback>');
    return { chromiumSandbox: Boolean(this.#setup.browserSandbox), args };
  }

  #firefox() {
    const userAgent = firefoxUserAgent(this.#setup.browser, this.#canary.getCanaryUserAgentString());
    return { channel: 'moz-firefox', args: [], firefoxUserPrefs: firefoxPreferences({ port: this.#port, userAgent }) };
  }

  /** Closes what runs and starts a browser. Options win over the defaults; args are added to them. */
  async launch(options = {}) {
    await this.close();
    return this.library()[this.kind].launch(options);
  }

  /** Playwright, made to launch this run's browser and no other. */
  library() {
    const { playwright } = load();
    if (!this.#prepared) {
      this.#prepared = playwright;
      for (const kind of ['chromium', 'firefox', 'webkit']) this.#equip(playwright[kind], kind);
      playwright._instrumentation.addListener({
        runBeforeCreateBrowserContext: (o) => this.#context(o),
        runAfterCreateBrowserContext: (context) => this.#opened(context),
        runBeforeCreateRequestContext: async (o) => { o.userAgent ??= this.#canary.getCanaryUserAgentString(); },
      });
    }
    return playwright;
  }

  #equip(type, kind) {
    const { launch, launchPersistentContext } = type;
    type.executablePath = () => (kind === this.kind ? this.#setup.browser : '');
    type.launch = async (options) => {
      const [all, viewport] = await this.#options(kind, options);
      const started = performance.now();
      const browser = await launch.call(type, all);
      await this.#launched(browser, viewport);
      this.launchedInMs += performance.now() - started;
      return browser;
    };
    type.launchPersistentContext = async (dir, options) => launchPersistentContext.call(type, dir, (await this.#options(kind, options))[0]);
  }

  /** What a launch is called with. What isolates the run is not the script's to choose. */
  async #options(kind, { defaultViewport: viewport, ...given } = {}) {
    if (kind !== this.kind) throw new Error(`This run's browser is ${this.#setup.browserType || 'CHROME'}: it has no ${kind}`);
    if (!this.#setup.browser) throw new Error(`No ${kind === 'firefox' ? 'Firefox' : 'Chromium'} is installed on the machine that runs this canary`);
    const base = await this.defaults();
    const own = Array.isArray(given.args) ? given.args.filter((a) => !base.args.includes(a)) : [];
    const out = { ...base, ...given, args: [...own, ...base.args], headless: true, executablePath: base.executablePath };
    if (kind === 'chromium') {
      delete out.channel;
      out.chromiumSandbox = base.chromiumSandbox;
    } else {
      out.channel = base.channel;
      out.firefoxUserPrefs = { ...given.firefoxUserPrefs, ...base.firefoxUserPrefs };
    }
    return [out, viewport];
  }

  async #launched(browser, viewport) {
    this.browser = browser;
    this.version = { name: this.kind === 'firefox' ? 'Firefox' : 'Chrome', version: browser.version() };
    this.#viewports.set(browser, viewport);
    browser.on('disconnected', () => this.browser === browser && (this.browser = null));
    if (this.kind === 'firefox') return; // a preference has its user agent
    const session = await browser.newBrowserCDPSession();
    const { userAgent } = await session.send('Browser.getVersion');
    await session.detach();
    this.#agents.set(browser, `${userAgent} ${this.#canary.getCanaryUserAgentString()}`);
  }

  /** Options of a context that the script leaves open. */
  async #context(options) {
    const { deviceScaleFactor, ...size } = this.#viewports.get(this.browser ?? {}) ?? {};
    if (options.viewport === undefined) {
      options.viewport = { ...defaultViewport, ...size };
      if (deviceScaleFactor) options.deviceScaleFactor ??= deviceScaleFactor;
    }
    const agent = this.browser && this.#agents.get(this.browser);
    if (agent) options.userAgent ??= agent;
    const trace = this.#canary._trace;
    if (trace) options.extraHTTPHeaders = { ...trace.headers(), ...options.extraHTTPHeaders };
  }

  async #opened(context) {
    this.#recorder.follow(context);
    context.on('page', (page) => {
      this.#pages.push(page);
      this.#watchScreenshots(page);
    });
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

  /** Opens a page in a context, or in a new context of a browser, and makes it the current one. */
  async newPage(where) {
    const target = where ?? this.browser ?? (await this.launch());
    if (typeof target.newPage !== 'function') throw new Error('newPage takes a browser or a browser context of Playwright');
    this.page = await target.newPage();
    return this.page;
  }

  /** The page that steps picture: the one of newPage while it is open, else the newest. Undefined for none. */
  current() {
    if (this.page && !this.page.isClosed()) return this.page;
    this.#pages = this.#pages.filter((p) => !p.isClosed());
    return this.#pages.at(-1);
  }

  /** A PNG of what a page shows. Playwright's own function waits for fonts and for quiet, which a failing page may never have. */
  async picture(page) {
    if (this.kind === 'firefox') return page.screenshot({ type: 'png' });
    if (!this.#sessions.has(page)) this.#sessions.set(page, sessionOf(page));
    const session = await this.#sessions.get(page);
    return capture({ _client: () => session, isClosed: () => page.isClosed() });
  }

  /** Ends the browser. It is killed: the profile dies with the run, and an orderly end takes processor time. */
  async close() {
    const { browser } = this;
    this.browser = this.page = null;
    this.#pages = [];
    if (!browser?.isConnected()) return;
    await this.#recorder.settle();
    const gone = new Promise((resolve) => browser.once('disconnected', resolve));
    await load().playwright._connection.toImpl(browser).options.browserProcess.kill();
    await gone;
  }
}

async function sessionOf(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.enable');
  return session;
}

/** The browser's files are no artifacts, and it needs no credentials. */
function browserEnvironment({ home }) {
  const { PATH, LANG, TZ } = process.env;
  return { PATH, LANG, TZ, HOME: home, TMPDIR: home };
}
