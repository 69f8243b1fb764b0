// The configuration of a run: flags with getters and setters, as the public
// type definitions name them. Synthetics inherits from it, because
// getConfiguration() returns something that has both.
import { notImplemented } from './errors.js';

export const defaults = {
  screenshotOnStepStart: true,
  screenshotOnStepSuccess: true,
  screenshotOnStepFailure: true,
  harFile: true,
  stepsReport: true,
  includeUrlPassword: false,
  restrictedUrlParameters: [],
  restrictedHeaders: [],
  includeRequestHeaders: false,
  includeResponseHeaders: false,
  includeRequestBody: false,
  includeResponseBody: false,
  logRequest: false,
  logResponse: false,
  logRequestBody: false,
  logResponseBody: false,
  logRequestHeaders: false,
  logResponseHeaders: false,
  continueOnStepFailure: false,
  continueOnHttpStepFailure: true,
  stepSuccessMetric: true,
  stepDurationMetric: true,
  failedCanaryMetric: true,
  aggregatedFailedCanaryMetric: true,
  _2xxMetric: true,
  _4xxMetric: true,
  _5xxMetric: true,
  failedRequestsMetric: true,
  aggregated2xxMetric: true,
  aggregated4xxMetric: true,
  aggregated5xxMetric: true,
  aggregatedFailedRequestsMetric: true,
};

const lists = ['restrictedUrlParameters', 'restrictedHeaders'];
const groups = {
  screenshotConfiguration: ['screenshotOnStepStart', 'screenshotOnStepSuccess', 'screenshotOnStepFailure'],
  artifactConfiguration: ['harFile'],
  reportingConfiguration: [
    'stepsReport', 'includeRequestHeaders', 'includeResponseHeaders', 'includeRequestBody', 'includeResponseBody',
    'includeUrlPassword', 'restrictedUrlParameters', 'restrictedHeaders',
  ],
  loggingConfiguration: [
    'logRequest', 'logResponse', 'logRequestBody', 'logResponseBody', 'logRequestHeaders', 'logResponseHeaders',
  ],
  executionConfiguration: ['continueOnStepFailure', 'continueOnHttpStepFailure'],
  stepMetricsConfiguration: ['stepSuccessMetric', 'stepDurationMetric'],
  canaryMetricsConfiguration: [
    'failedCanaryMetric', 'aggregatedFailedCanaryMetric', '_2xxMetric', '_4xxMetric', '_5xxMetric',
    'failedRequestsMetric', 'aggregated2xxMetric', 'aggregated4xxMetric', 'aggregated5xxMetric',
    'aggregatedFailedRequestsMetric',
  ],
};
const requestMetrics = ['_2xxMetric', '_4xxMetric', '_5xxMetric', 'failedRequestsMetric'];
const aggregatedRequestMetrics = [
  'aggregated2xxMetric', 'aggregated4xxMetric', 'aggregated5xxMetric', 'aggregatedFailedRequestsMetric',
];
const visual = /^visual|^failCanaryRunOnVisualVariance$/i;

export class Configuration {
  #values = structuredClone(defaults);

  /** The value of a flag, a step's own configuration first. */
  _flag(name, override) {
    return override && override[name] !== undefined ? override[name] : this.#values[name];
  }

  /** Sets a flag. Lists may be given as one string. */
  _set(name, value) {
    const key = /^[245]xxMetric$/.test(name) ? `_${name}` : name;
    if (visual.test(key)) notImplemented(`the setting ${name}`);
    if (!(key in defaults)) throw new Error(`Unknown configuration option ${name}`);
    if (lists.includes(key)) {
      this.#values[key] = Array.isArray(value) ? [...value] : [String(value)];
    } else if (typeof value === 'boolean') {
      this.#values[key] = value;
    } else {
      throw new Error(`Configuration option ${name} must be a boolean, not ${typeof value}`);
    }
    return this;
  }

  setConfig(options) {
    for (const [name, value] of Object.entries(options ?? {})) this._set(name, value);
  }

  getConfiguration() {
    return this;
  }

  /** The report's configuration part. */
  _report() {
    const out = {};
    for (const [group, names] of Object.entries(groups)) {
      out[group] = Object.fromEntries(names.map((n) => [n, this.#values[n]]));
    }
    out.visualMonitoringConfiguration = { visualCompareWithBaseRun: false };
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
  disableRequestMetrics() { this.#all([...requestMetrics, ...aggregatedRequestMetrics], false); }
  enableRequestMetrics() { this.#all([...requestMetrics, ...aggregatedRequestMetrics], true); }
  disableReportingOptions() { this.#all(groups.reportingConfiguration.slice(1, 5), false); }
  enableReportingOptions() { this.#all(groups.reportingConfiguration.slice(1, 5), true); }
}

// withX and getX for every flag that the definitions give them to.
const withoutAccessors = ['continueOnStepFailure', 'continueOnHttpStepFailure'];
for (const name of Object.keys(defaults)) {
  if (withoutAccessors.includes(name)) continue;
  const bare = name.replace(/^_/, '');
  const title = bare[0].toUpperCase() + bare.slice(1);
  Configuration.prototype[`with${title}`] = function (value) { return this._set(name, value); };
  Configuration.prototype[`get${title}`] = function () { return this._flag(name); };
}
for (const name of [
  'withVisualCompareWithBaseRun', 'withVisualVarianceThresholdPercentage', 'withVisualVarianceHighlightHexColor',
  'withFailCanaryRunOnVisualVariance', 'withVisualMonitoringSuccessPercentMetric',
  'withVisualMonitoringTotalComparisonsMetric',
]) {
  Configuration.prototype[name] = () => notImplemented(`synthetics.${name}`);
}
