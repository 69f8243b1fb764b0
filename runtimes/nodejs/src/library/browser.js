// The browser of a run.
import { forwarder } from '../net/install.js';
import { puppeteer } from '../puppeteer.js';

const viewport = { width: 1920, height: 1080 };

export class Browser {
  browser = null;
  page = null;
  launchedInMs = 0;
  #setup;
  #recorder;
  #userAgent;
  #port = null;

  constructor(setup, recorder, userAgent) {
    this.#setup = setup;
    this.#recorder = recorder;
    this.#userAgent = userAgent;
  }

  /** The options that launch() starts from. */
  async defaults() {
    const args = [
      `--window-size=${viewport.width},${viewport.height}`,
      '--disable-breakpad',
      '--disable-gpu',
      '--disable-audio-output',
      '--no-pings',
    ];
    if (this.#setup.proxy) {
      this.#port ??= await forwarder(this.#setup.proxy);
      args.push(`--proxy-server=http://127.0.0.1:${this.#port}`, '--proxy-bypass-list=<-loopback>');
    }
    if (!this.#setup.browserSandbox) args.push('--no-sandbox');
    return {
      executablePath: this.#setup.browser,
      headless: this.#setup.headlessShell ? 'shell' : true,
      pipe: true,
      userDataDir: `${this.#setup.home}/profile`,
      defaultViewport: { ...viewport },
      env: browserEnvironment(this.#setup),
      args,
    };
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
      executablePath: base.executablePath, headless: base.headless, pipe: true, userDataDir: base.userDataDir,
      args: [...base.args, ...given.filter((a) => !base.args.includes(a))],
    };
    this.browser = await puppeteer().launch(all);
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
    if (page && page !== this.page) this.#recorder.follow(page);
  }

  async #prepare(page) {
    this.#recorder.follow(page);
    await page.setUserAgent({ userAgent: `${await this.browser.userAgent()} ${this.#userAgent}` });
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
    if (!browser) return;
    const child = browser.process();
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await browser.disconnect().catch(() => {});
  }
}

/** The browser's temporary files are no artifacts, and it needs no credentials. */
function browserEnvironment({ home }) {
  const { PATH, LANG, TZ } = process.env;
  return { PATH, LANG, TZ, HOME: home, TMPDIR: home };
}
