// Synthetics: what scripts know as require('Synthetics') and
// require('@aws/synthetics-puppeteer'). Written from the public type
// definitions and the user guide.
import fs from 'node:fs';
import path from 'node:path';
import { Browser } from './browser.js';
import { Configuration } from './configuration.js';
import { notImplemented } from './errors.js';
import { Recorder } from './har.js';
import { addressOf, reportOf, send } from './httpstep.js';
import { log } from './logger.js';
import { SyntheticsLogHelper } from './loghelper.js';
import { Screenshots } from './screenshots.js';

export class Synthetics extends Configuration {
  #setup;
  #browser;
  #shots;
  #recorder = new Recorder(this);
  #steps = [];
  #loose = [];
  #requests = [];
  #reports = [];
  #errors = [];
  #userAgent;

  constructor(setup) {
    super();
    this.#setup = setup;
    this.#userAgent = `CloudWatchSynthetics/${setup.canaryArn}`;
    this._helper = new SyntheticsLogHelper(this);
    this.#shots = new Screenshots(setup.out);
    this.#browser = new Browser(setup, this.#recorder, this.#userAgent);
    this.#guardNames();
  }

  getCanaryName() { return this.#setup.event.canaryName; }
  getCanaryArn() { return this.#setup.canaryArn; }
  getCanaryUserAgentString() { return this.#userAgent; }
  getRuntimeVersion() { return this.#setup.runtimeVersion; }
  getLogLevel() { return log.getLogLevel(); }
  setLogLevel(level) { log.setLogLevel(level); }
  getPage() { return this.#browser.getPage(); }
  getDefaultLaunchOptions() { return this.#browser.defaults(); }
  launch(options) { return this.#browser.launch(options); }
  close() { return this.#browser.close(); }

  addExecutionError(message, ex) {
    log.error(message, ex);
    this.#errors.push(ex ? `${message} ${this._helper.getSanitizedErrorMessage(ex)}` : String(message));
  }

  addReport(report) {
    this.#reports.push(report);
  }

  async addUserAgent(page, text) {
    const current = await page.evaluate(() => navigator.userAgent);
    await page.setUserAgent({ userAgent: `${current} ${text}` });
  }

  async takeScreenshot(stepName, suffix, page) {
    const target = page ?? (await this.getPage());
    const shot = await this.#shots.take(target, stepName, suffix);
    if (shot.error) log.warn(`Screenshot ${shot.fileName} failed: ${shot.error}`);
    const step = this.#steps.findLast((s) => s.stepName === stepName);
    (step ? step.screenshots : this.#loose).push(shot);
    return shot;
  }

  /** Runs fn as a step: logged, timed, pictured, and reported. */
  async executeStep(stepName, fn, stepConfig, page) {
    if (typeof fn !== 'function') throw new Error(`Step ${stepName}: the second argument must be a function`);
    const target = page ?? (await this.getPage());
    const step = this.#begin(stepName, stepConfig);
    step.sourceUrl = target.url();
    try {
      if (this._flag('screenshotOnStepStart', stepConfig)) await this.takeScreenshot(stepName, 'starting', target);
      step.startTime = new Date().toISOString();
      const value = await fn();
      this.#end(step, 'PASSED');
      if (this._flag('screenshotOnStepSuccess', stepConfig)) await this.takeScreenshot(stepName, 'succeeded', target);
      return value;
    } catch (err) {
      this.#end(step, 'FAILED', err, stepConfig);
      if (this._flag('screenshotOnStepFailure', stepConfig)) await this.takeScreenshot(stepName, 'failed', target);
      if (!this._flag('continueOnStepFailure', stepConfig)) throw err;
      return undefined;
    } finally {
      step.destinationUrl = target.url();
    }
  }

  /** Sends a request as a step. callback judges the response. */
  async executeHttpStep(stepName, requestOptions, callback, stepConfig) {
    const step = this.#begin(stepName, stepConfig);
    step.httpRequestNum = this.#requests.length + 1;
    try {
      const exchange = await send(requestOptions, callback);
      this.#exchanged(exchange, stepConfig);
      this.#end(step, 'PASSED');
    } catch (err) {
      if (err?.exchange) this.#exchanged(err.exchange, stepConfig);
      this.#end(step, 'FAILED', err, stepConfig);
      if (!this._flag('continueOnHttpStepFailure', stepConfig)) throw err;
    }
  }

  #exchanged(exchange, stepConfig) {
    if (exchange.response) this.#recorder.count(exchange.response.statusCode);
    else this.#recorder.counts.failed++;
    log.info(`${exchange.options.method ?? 'GET'} ${this._helper.getSanitizedUrl(addressOf(exchange), stepConfig)}: ` +
      `${exchange.response?.statusCode ?? 'no response'}`);
    this.#requests.push(reportOf(exchange, this._helper, (name) => this._flag(name, stepConfig)));
  }

  #begin(stepName, stepConfig) {
    const now = new Date().toISOString();
    const metrics = this._flag('stepSuccessMetric', stepConfig) || this._flag('stepDurationMetric', stepConfig);
    const step = {
      stepNum: this.#steps.length + 1,
      stepName: String(stepName),
      startTime: now,
      endTime: now,
      status: 'FAILED',
      failureReason: '',
      metricsPublished: metrics,
      screenshots: [],
    };
    hidden(step, 'metrics', {
      success: this._flag('stepSuccessMetric', stepConfig),
      duration: this._flag('stepDurationMetric', stepConfig),
    });
    hidden(step, 'reported', this._flag('stepsReport', stepConfig));
    this.#steps.push(step);
    log.info(`Step started: ${step.stepName}`);
    return step;
  }

  #end(step, status, err, stepConfig) {
    step.endTime = new Date().toISOString();
    step.status = status;
    if (status === 'PASSED') {
      log.info(`Step succeeded: ${step.stepName}`);
      return;
    }
    step.failureReason = this._helper.getSanitizedErrorMessage(err, stepConfig);
    log.error(`Step failed: ${step.stepName}: ${step.failureReason}`);
  }

  /** What the launcher reports. */
  _summary() {
    return {
      steps: this.#steps,
      nonStepScreenshots: this.#loose,
      requests: this.#recorder.counts,
      reports: this.#reports,
      executionErrors: this.#errors,
      screenshotsInMs: this.#shots.spentInMs,
      launchInMs: this.#browser.launchedInMs,
    };
  }

  /** Writes the artifacts that are written once, at the end. */
  async _writeArtifacts() {
    const write = (name, value) => fs.writeFileSync(path.join(this.#setup.out, name), JSON.stringify(value, null, 2));
    if (this.#browser.browser && this._flag('harFile')) {
      const version = await this.#browser.browser.version().catch(() => '');
      const [name, number] = version.split('/');
      write('results.har', this.#recorder.har({ name, version: number ?? '' }));
    }
    if (this.#requests.length > 0) write('HttpRequestsReport.json', { requests: this.#requests });
    for (const report of this.#reports) {
      write(`${report.constructor?.name && report.constructor.name !== 'Object' ? report.constructor.name : 'Report'}.json`, report);
    }
  }

  /** Members of older libraries that scripts may still call. */
  #guardNames() {
    for (const name of [
      'setRequestResponseLogHelper', 'getRequestResponseLogHelper', 'newPage', 'getMetricsPublished',
    ]) {
      this[name] ??= () => notImplemented(`synthetics.${name}`);
    }
  }
}

/** A property that JSON does not show. */
function hidden(object, name, value) {
  Object.defineProperty(object, `_${name}`, { value, enumerable: false });
}
