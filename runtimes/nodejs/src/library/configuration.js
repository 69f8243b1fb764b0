// The configuration of a run: options with getters and setters, as the public
// type definitions name them. The library's object inherits from it, because
// getConfiguration() returns something that has both.
import { log } from './logger.js';

/** What a run starts from (user guide, SyntheticsConfiguration class). */
export const defaults = {
  screenshotOnStepStart: true,
  screenshotOnStepSuccess: true,
  screenshotOnStepFailure: true,
  harFile: true,
  stepsReport: true,
  includeRequestHeaders: false,
  includeResponseHeaders: false,
  includeUrlPassword: false,
  restrictedHeaders: [],
  includeRequestBody: false,
  includeResponseBody: false,
  restrictedUrlParameters: [],
  logRequest: false,
  logResponse: false,
  logResponseBody: false,
  logRequestBody: false,
  logRequestHeaders: false,
  logResponseHeaders: false,
  continueOnStepFailure: false,
  continueOnHttpStepFailure: true,
  stepSuccessMetric: true,
  stepDurationMetric: true,
  failedCanaryMetric: true,
  failedRequestsMetric: true,
  _2xxMetric: true,
  _4xxMetric: true,
  _5xxMetric: true,
  aggregatedFailedCanaryMetric: true,
  aggregatedFailedRequestsMetric: true,
  aggregated2xxMetric: true,
  aggregated4xxMetric: true,
  aggregated5xxMetric: true,
  visualMonitoringSuccessPercentMetric: true,
  visualMonitoringTotalComparisonsMetric: false,
  visualCompareWithBaseRun: false,
  failCanaryRunOnVisualVariance: true,
  visualVarianceHighlightHexColor: '#fafa00',
  visualVarianceThresholdPercentage: 0,
};

/** The groups of the report, in the order and under the names of AWS. */
const groups = {
  screenshotConfiguration: ['screenshotOnStepStart', 'screenshotOnStepSuccess', 'screenshotOnStepFailure'],
  artifactConfiguration: ['harFile', 'stepsReport'],
  reportingConfiguration: [
    'includeRequestHeaders', 'includeResponseHeaders', 'includeUrlPassword', 'restrictedHeaders', 'includeRequestBody',
    'includeResponseBody', 'restrictedUrlParameters',
  ],
  loggingConfiguration: [
    'logRequest', 'logResponse', 'logResponseBody', 'logRequestBody', 'logRequestHeaders', 'logResponseHeaders',
  ],
  executionConfiguration: ['continueOnStepFailure', 'continueOnHttpStepFailure'],
  stepMetricsConfiguration: ['stepSuccessMetric', 'stepDurationMetric'],
  canaryMetricsConfiguration: [
    'failedCanaryMetric', 'failedRequestsMetric', '_2xxMetric', '_4xxMetric', '_5xxMetric',
    'aggregatedFailedCanaryMetric', 'aggregatedFailedRequestsMetric', 'aggregated2xxMetric', 'aggregated4xxMetric',
    'aggregated5xxMetric', 'visualMonitoringSuccessPercentMetric', 'visualMonitoringTotalComparisonsMetric',
  ],
};
const lists = ['restrictedUrlParameters', 'restrictedHeaders'];
const bodiesAndHeaders = ['includeRequestHeaders', 'includeResponseHeaders', 'includeRequestBody', 'includeResponseBody'];
const requestMetrics = ['_2xxMetric', '_4xxMetric', '_5xxMetric', 'failedRequestsMetric'];
const aggregatedRequestMetrics = [
  'aggregated2xxMetric', 'aggregated4xxMetric', 'aggregated5xxMetric', 'aggregatedFailedRequestsMetric',
];

/** What a step may override on puppeteer 11 and later, and in the other families. */
const stepOverrides = [
  'screenshotOnStepStart', 'screenshotOnStepSuccess', 'screenshotOnStepFailure', 'stepSuccessMetric',
  'stepDurationMetric', 'continueOnStepFailure', 'continueOnHttpStepFailure', 'stepsReport',
];

/** True for runtimes that have synthetics.json, structured logs and few step overrides. */
export function modern({ family, major }) {
  return family !== 'syn-nodejs-puppeteer' || major >= 11;
}

export class Configuration {
  #values = structuredClone(defaults);
  #narrow;
  #warned = new Set();

  /** setup are the launcher's orders: defaults differ between the families. */
  constructor(setup = {}) {
    const puppeteer = setup.family === undefined || setup.family === 'syn-nodejs-puppeteer';
    // HTTP steps of scripts without a browser may show what the others may not.
    this.#narrow = setup.family !== 'syn-nodejs' && modern({ family: setup.family ?? 'syn-nodejs-puppeteer', major: setup.major ?? 0 });
    this.#values.logRequest = this.#values.logResponse = puppeteer;
    // Scripts of the other families have no call to ask for comparisons: a
    // reference to compare with is what asks.
    if (!puppeteer) this.#values.visualCompareWithBaseRun = (setup.visual ?? []).length > 0;
  }

  /** The value of an option, a step's own configuration first. */
  _flag(name, override) {
    if (!override || override[name] === undefined || override[name] === null) return this.#values[name];
    return !this.#narrow || stepOverrides.includes(name) ? override[name] : this.#values[name];
  }

  /** Tells of options in a step's configuration that this runtime leaves as they are. */
  _checkOverrides(override) {
    if (!this.#narrow) return;
    for (const name of Object.keys(override ?? {})) {
      if (!stepOverrides.includes(name)) this.#warn(`The option ${name} cannot be set for a step on this runtime`);
    }
  }

  /** Sets an option. Lists may be given as one string. */
  _set(name, value) {
    const key = /^[245]xxMetric$/.test(name) ? `_${name}` : name;
    if (!Object.hasOwn(defaults, key)) {
      this.#warn(`There is no configuration option ${name}`);
    } else {
      this.#values[key] = checked(key, value);
    }
    return this;
  }

  #warn(message) {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    log.warn(message);
  }

  setConfig(options) {
    for (const [name, value] of Object.entries(options ?? {})) this._set(name, value);
  }

  getConfiguration() {
    return this;
  }

  getConfig(name) { return this._flag(/^[245]xxMetric$/.test(name) ? `_${name}` : name); }
  getAllConfigurations() { return structuredClone(this.#values); }

  /** The report's configuration part. */
  _report() {
    const out = {};
    for (const [group, names] of Object.entries(groups)) {
      out[group] = Object.fromEntries(names.map((n) => [n, this.#values[n]]));
    }
    out.visualMonitoringConfiguration = {
      visualCompareWithBaseRun: this.#values.visualCompareWithBaseRun,
      failCanaryRunOnVisualVariance: this.#values.failCanaryRunOnVisualVariance,
      varianceHighlightHexColor: this.#values.visualVarianceHighlightHexColor,
      visualVarianceThreshold: this.#values.visualVarianceThresholdPercentage,
    };
    return out;
  }

  #all(names, value) {
    for (const name of names) this.#values[name] = value;
  }

  disableStepScreenshots() { this.#all(groups.screenshotConfiguration, false); }
  enableStepScreenshots() { this.#all(groups.screenshotConfiguration, true); }
  disableStepMetrics() { this.#all(groups.stepMetricsConfiguration, false); }
  enableStepMetrics() { this.#all(groups.stepMetricsConfiguration, true); }
  disableAggregatedRequestMetrics() { this.#all(aggregatedRequestMetrics, false); }
  enableAggregatedRequestMetrics() { this.#all(aggregatedRequestMetrics, true); }
  // Older definitions name the pair in the singular.
  disableAggregatedRequestMetric() { this.disableAggregatedRequestMetrics(); }
  enableAggregatedRequestMetric() { this.enableAggregatedRequestMetrics(); }
  disableRequestMetrics() { this.#all([...requestMetrics, ...aggregatedRequestMetrics], false); }
  enableRequestMetrics() { this.#all([...requestMetrics, ...aggregatedRequestMetrics], true); }
  disableReportingOptions() { this.#all(bodiesAndHeaders, false); }
  enableReportingOptions() { this.#all(bodiesAndHeaders, true); }
}

/** The value in the option's own type, or an error that names both. */
function checked(key, value) {
  const fail = (wanted) => {
    throw new Error(`Configuration option ${key.replace(/^_/, '')} must be ${wanted}, not ${JSON.stringify(value) ?? typeof value}`);
  };
  if (lists.includes(key)) return value === undefined || value === null ? [] : [].concat(value).map(String);
  if (key === 'visualVarianceThresholdPercentage') {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number !== 'number' || !(number >= 0 && number <= 100)) fail('a percentage from 0 to 100');
    return number;
  }
  if (key === 'visualVarianceHighlightHexColor') {
    if (typeof value !== 'string' || !/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(value)) fail('a color such as "#fafa00"');
    return value;
  }
  if (typeof value !== 'boolean') fail('a boolean');
  return value;
}

// withX and getX for every option.
for (const name of Object.keys(defaults)) {
  const bare = name.replace(/^_/, '');
  const title = bare[0].toUpperCase() + bare.slice(1);
  Configuration.prototype[`with${title}`] = function (value) { return this._set(name, value); };
  Configuration.prototype[`get${title}`] = function () { return this._flag(name); };
}
