// Canary: the part of the library that does not depend on how a browser is
// driven. Scripts get an object of a class that extends it.
import fs from 'node:fs';
import path from 'node:path';
import { egressOf } from '../net/egress.js';
import { Configuration } from './configuration.js';
import { Har } from './har.js';
import { harPage } from './harpage.js';
import { addressOf, optionsOf, reportOf, send } from './httpstep.js';
import { log } from './logger.js';
import { SyntheticsLogHelper } from './loghelper.js';
import { progress } from './progress.js';
import { logRequest, logResponse } from './requestlog.js';
import { Screenshots } from './screenshots.js';
import { traceOf } from './tracing.js';
import { VisualMonitor } from './visual.js';

/**
 * Classes that extend it may give: _capture(page), a PNG of what a page shows, _currentPage(), the page that steps picture
 * (undefined for none; may launch a browser), _browserVersion(), a {name,
 * version} for the archive, _settle(), which waits for what recorders still
 * fetch, and _launchInMs(), what starting browsers took.
 */
export class Canary extends Configuration {
  #setup;
  #steps = [];
  #running = [];
  #loose = [];
  #requests = [];
  #reports = [];
  #errors = [];

  constructor(setup) {
    super(setup);
    this.#setup = setup;
    this._helper = new SyntheticsLogHelper(this);
    this._har = new Har(this);
    this._shots = new Screenshots(setup.out, (url) => this._cleanUrl(url));
    this._visual = new VisualMonitor(setup.out, setup.visual);
    this._trace = traceOf(setup.event);
    this._userAgent = `CloudWatchSynthetics/${setup.canaryArn}`;
    if (this._trace) log.info(`Active tracing: requests carry the trace ${this._trace.root}; there is no X-Ray here that records it`);
  }

  async _currentPage() {}
  _browserVersion() { return { name: '', version: '' }; }
  async _settle() {}
  _launchInMs() { return 0; }

  getCanaryName() { return this.#setup.event.canaryName; }
  getCanaryArn() { return this.#setup.canaryArn; }
  getCanaryUserAgentString() { return this._userAgent; }
  getRuntimeVersion() { return this.#setup.runtimeVersion; }
  getLogLevel() { return log.getLogLevel(); }
  setLogLevel(level) { log.setLogLevel(level); }

  /** Fails the run without ending the script, and without touching SuccessPercent. */
  addExecutionError(message, ex) {
    log.error(message, ex);
    this.#errors.push(ex ? `${message} ${this._helper.getSanitizedErrorMessage(ex)}` : String(message));
  }

  /** Adds a report, which becomes an artifact named for its class. */
  async addReport(report) {
    if (report) this.#reports.push(report);
  }

  /** An address as logs and reports show it. */
  _cleanUrl(url) {
    try {
      return this._helper.getSanitizedUrl(url);
    } catch {
      return url;
    }
  }

  async takeScreenshot(stepName, suffix, page) {
    return this._picture(stepName, suffix, page ?? (await this._currentPage()), undefined);
  }

  /** Takes a picture and puts it with its step. */
  async _picture(stepName, suffix, page, stepConfig) {
    const shot = await this._shots.take(page, stepName, suffix, this._capture);
    if (shot.error) log.warn(`Screenshot ${shot.fileName} failed: ${shot.error}`);
    this._attach(shot, this.#steps.findLast((s) => s.stepName === stepName), stepConfig);
    return shot;
  }

  /** Puts a picture with a step, the running one when none is named, or with none. */
  _attach(shot, step = this.#running.at(-1), stepConfig) {
    (step?.screenshots ?? this.#loose).push(shot);
    this._visual.note(shot, this, stepConfig);
  }

  /** Runs fn as a step: logged, timed, pictured, and reported. */
  async executeStep(stepName, fn, stepConfig, page) {
    if (typeof fn !== 'function') throw new Error(`Step ${stepName}: the second argument must be a function`);
    const current = async () => page ?? (await this._currentPage());
    const opened = await current();
    const step = this.#begin(stepName, stepConfig);
    Object.assign(step, { sourceUrl: opened ? this._cleanUrl(opened.url()) : null, destinationUrl: null, screenshots: [] });
    const shoot = async (when, suffix) => {
      const target = await current().catch(() => undefined);
      if (!target) return;
      step.destinationUrl = this._cleanUrl(target.url());
      if (this._flag(when, stepConfig)) await this._picture(step.stepName, suffix, target, stepConfig);
    };
    try {
      await shoot('screenshotOnStepStart', 'starting');
      step.startTime = new Date().toISOString();
      const value = await fn();
      this.#end(step, 'PASSED');
      await shoot('screenshotOnStepSuccess', 'succeeded');
      return value;
    } catch (err) {
      this.#end(step, 'FAILED', err, stepConfig);
      await shoot('screenshotOnStepFailure', 'failed');
      if (!this._flag('continueOnStepFailure', stepConfig)) throw err;
      return undefined;
    }
  }

  /** Sends a request as a step. callback judges the response; without one it must be 2xx. */
  async executeHttpStep(stepName, requestOptions, callback, stepConfig) {
    const step = this.#begin(stepName, stepConfig);
    step.httpRequestNum = this.#requests.length + 1;
    try {
      this.#asked(optionsOf(requestOptions), stepConfig);
      const exchange = await send(requestOptions, callback, this._trace?.headers());
      this.#exchanged(exchange, step, stepConfig);
      this.#end(step, 'PASSED');
    } catch (err) {
      if (err?.exchange) this.#exchanged(err.exchange, step, stepConfig);
      else delete step.httpRequestNum;
      this.#end(step, 'FAILED', err, stepConfig);
      if (!this._flag('continueOnHttpStepFailure', stepConfig)) throw err;
    }
  }

  #asked(options, stepConfig) {
    logRequest(this.#seenBy(stepConfig), {
      method: options.method ?? 'GET', url: addressOf({ options }), type: 'http', requestHeaders: options.headers,
      postData: typeof options.body === 'string' ? options.body : options.body && JSON.stringify(options.body),
    });
  }

  #exchanged(exchange, step, stepConfig) {
    const { response } = exchange;
    const url = addressOf(exchange);
    if (response) {
      this._har.count(response.statusCode);
      logResponse(this.#seenBy(stepConfig), {
        status: response.statusCode, statusText: response.statusMessage, url, ip: egressOf(url)?.ip, responseHeaders: response.headers,
        body: { text: Buffer.concat(exchange.chunks).toString('utf8') },
      });
    } else {
      this._har.counts.failed++;
    }
    this.#requests.push(reportOf(exchange, {
      num: this.#requests.length + 1, step: step.stepName, helper: this._helper, stepConfig,
      flag: (name) => this._flag(name, stepConfig), told: egressOf(url),
    }));
  }

  /** This object as the request log sees it, with a step's own options. */
  #seenBy(stepConfig) {
    return { _flag: (name) => this._flag(name, stepConfig), _helper: this._helper, _requestLog: this._requestLog };
  }

  #begin(stepName, stepConfig) {
    this._checkOverrides(stepConfig);
    const now = new Date().toISOString();
    const success = this._flag('stepSuccessMetric', stepConfig);
    const duration = this._flag('stepDurationMetric', stepConfig);
    const stepNum = this.#steps.length + 1;
    const step = {
      stepNum, stepName: String(stepName ?? `step-${stepNum}`), startTime: now, endTime: now, status: 'FAILED', failureReason: null,
      metricsPublished: success || duration,
    };
    hidden(step, 'metrics', { success, duration });
    hidden(step, 'reported', this._flag('stepsReport', stepConfig));
    this.#steps.push(step);
    this.#running.push(step);
    log.info(`Step started: ${step.stepName}`);
    progress({ event: 'step-started', step: step.stepName, num: stepNum });
    return step;
  }

  #end(step, status, err, stepConfig) {
    step.endTime = new Date().toISOString();
    step.status = status;
    this.#running = this.#running.filter((s) => s !== step);
    const ms = Date.parse(step.endTime) - Date.parse(step.startTime);
    if (status === 'PASSED') {
      log.info(`Step succeeded: ${step.stepName}`);
      progress({ event: 'step-ended', step: step.stepName, num: step.stepNum, pass: true, ms });
      return;
    }
    step.failureReason = this._helper.getSanitizedErrorMessage(err, stepConfig);
    log.error(`Step failed: ${step.stepName}: ${step.failureReason}`);
    progress({ event: 'step-ended', step: step.stepName, num: step.stepNum, pass: false, ms, error: step.failureReason });
  }

  /** What the launcher reports. */
  _summary() {
    return {
      steps: this.#steps,
      nonStepScreenshots: this.#loose,
      requests: this._har.counts,
      reports: this.#reports.map((r) => reportName(r)),
      executionErrors: this.#errors,
      screenshotsInMs: this._shots.spentInMs,
      launchInMs: this._launchInMs(),
      visual: this._visual.summary(),
      visualFailure: this._visual.failure(),
    };
  }

  /** Compares screenshots and writes the artifacts that are written once, at the end. */
  async _writeArtifacts() {
    const file = (name, text) => fs.writeFileSync(path.join(this.#setup.out, name), text);
    const write = (name, value) => file(name, JSON.stringify(value, null, 2));
    this._visual.compare();
    if ((this._har.used || this._launchInMs() > 0) && this._flag('harFile')) {
      await this._settle();
      const archive = this._har.archive(this._browserVersion());
      file('results.har', JSON.stringify(archive));
      file('results.har.html', harPage(archive, { canary: this.getCanaryName(), run: this.#setup.event.canaryRunId }));
    }
    if (this.#requests.length > 0) write('HttpRequestsReport.json', { requests: this.#requests });
    for (const report of this.#reports) {
      write(reportName(report), report._artifact?.((url) => this._helper.getSanitizedUrl(url)) ?? report);
    }
  }
}

function reportName(report) {
  const name = report.constructor?.name;
  return `${name && name !== 'Object' ? name.replace(/[^\w-]/g, '_') : 'Report'}.json`;
}

/** A property that JSON does not show. */
function hidden(object, name, value) {
  Object.defineProperty(object, `_${name}`, { value, enumerable: false });
}
