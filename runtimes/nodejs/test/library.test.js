import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { applyConfigFile, findConfigFile } from '../src/library/configfile.js';
import { Configuration, modern } from '../src/library/configuration.js';
import { escape, harPage } from '../src/library/harpage.js';
import { addressOf, optionsOf } from '../src/library/httpstep.js';
import { BrokenLinkCheckerReport, SyntheticsLink } from '../src/library/links.js';
import { SyntheticsLogHelper } from '../src/library/loghelper.js';
import { RequestResponseLogHelper } from '../src/library/requestlog.js';
import { fileSafe } from '../src/library/screenshots.js';
import { traceOf } from '../src/library/tracing.js';

console.warn = () => {};
const old = { family: 'syn-nodejs-puppeteer', major: 10, minor: 0 };
const recent = { ...old, major: 11 };
const playwright = { family: 'syn-nodejs-playwright', major: 5, minor: 1 };

test('addresses are cleaned as the user guide shows', () => {
  const c = new Configuration(old);
  const helper = new SyntheticsLogHelper(c);
  const url = 'https://example.com/learn/home?access_token=12345&token_type=Bearer&expires_in=1200';
  const cases = [
    [[], url, url],
    [['access_token'], url, 'https://example.com/learn/home?access_token=REDACTED&token_type=Bearer&expires_in=1200'],
    [['ACCESS_TOKEN'], url, 'https://example.com/learn/home?access_token=REDACTED&token_type=Bearer&expires_in=1200'],
    [['*'], url, 'https://example.com/learn/home?access_token=REDACTED&token_type=REDACTED&expires_in=REDACTED'],
    ['token', 'https://h/a?x=a+b%20c&token=', 'https://h/a?x=a+b%20c&token=REDACTED'],
    [['id'], 'https://h/users;id=7/list#id=8&page=2', 'https://h/users;id=REDACTED/list#id=REDACTED&page=2'],
    [['s3cret'], 'https://h/reset/S3cret/now', 'https://h/reset/REDACTED/now'],
    [['to%20ken'], 'https://h/?to%20ken=1', 'https://h/?to%20ken=1'],
    [['to ken'], 'https://h/?to%20ken=1&to+ken=2', 'https://h/?to%20ken=REDACTED&to+ken=REDACTED'],
    [[], 'https://user:pass@h/x', 'https://user:REDACTED@h/x'],
  ];
  for (const [restrictedUrlParameters, given, want] of cases) {
    assert.equal(helper.getSanitizedUrl(given, { restrictedUrlParameters }), want);
  }
  assert.equal(helper.getSanitizedUrl('https://u:p@h/', { includeUrlPassword: true }), 'https://u:p@h/');
  assert.throws(() => helper.getSanitizedUrl('nothing'), /valid url/);
});

test('errors and headers are cleaned', () => {
  const c = new Configuration(old);
  c.setConfig({ restrictedUrlParameters: ['access_token'], restrictedHeaders: 'Authorization' });
  const helper = new SyntheticsLogHelper(c);
  assert.equal(helper.getSanitizedErrorMessage(new Error('Failed to load url: https://example.com/a?access_token=1&b=2')),
    'Failed to load url: https://example.com/a?access_token=REDACTED&b=2');
  assert.equal(helper.getSanitizedErrorMessage('see https://example.com, (http://u:p@h/x)'), 'see https://example.com, (http://u:REDACTED@h/x)');
  assert.deepEqual(helper.getSanitizedHeaders({ authorization: 'a', b: 'c' }), { authorization: 'REDACTED', b: 'c' });
  assert.deepEqual(helper.getSanitizedHeaders({ a: '1' }, { restrictedHeaders: ['*'] }), { a: 'REDACTED' });
  assert.deepEqual(helper.getSanitizedHeaders(undefined), {});
});

test('every option of the definitions has its pair of functions', () => {
  const c = new Configuration(old);
  const names = `2xxMetric 4xxMetric 5xxMetric Aggregated2xxMetric Aggregated4xxMetric Aggregated5xxMetric AggregatedFailedCanaryMetric
    AggregatedFailedRequestsMetric FailedCanaryMetric FailedRequestsMetric StepDurationMetric StepSuccessMetric HarFile StepsReport IncludeUrlPassword
    LogRequest LogResponse LogRequestBody LogResponseBody LogRequestHeaders LogResponseHeaders IncludeRequestHeaders IncludeResponseHeaders
    IncludeRequestBody IncludeResponseBody ScreenshotOnStepStart ScreenshotOnStepSuccess ScreenshotOnStepFailure VisualCompareWithBaseRun
    FailCanaryRunOnVisualVariance VisualMonitoringSuccessPercentMetric VisualMonitoringTotalComparisonsMetric`.split(/\s+/);
  for (const name of names) {
    for (const value of [false, true]) {
      assert.equal(c[`with${name}`](value), c);
      assert.equal(c[`get${name}`](), value, name);
    }
  }
  assert.equal(c.withVisualVarianceThresholdPercentage(7.5).withVisualVarianceHighlightHexColor('#123456').getVisualVarianceThresholdPercentage(), 7.5);
  assert.deepEqual(c.withRestrictedHeaders('a').getRestrictedHeaders(), ['a']);
  assert.deepEqual(c.getConfig('2xxMetric'), true);
});

test('groups of options are switched together', () => {
  const c = new Configuration(old);
  c.disableRequestMetrics();
  assert.deepEqual([c.get2xxMetric(), c.getAggregated5xxMetric(), c.getFailedCanaryMetric()], [false, false, true]);
  c.enableRequestMetrics();
  c.disableAggregatedRequestMetrics();
  assert.deepEqual([c.get4xxMetric(), c.getAggregated4xxMetric()], [true, false]);
  c.disableStepScreenshots();
  c.disableStepMetrics();
  c.enableReportingOptions();
  assert.deepEqual([c.getScreenshotOnStepStart(), c.getStepSuccessMetric(), c.getIncludeResponseBody(), c.getIncludeUrlPassword()], [false, false, true, false]);
});

test('values of other types are refused, unknown options are not', () => {
  const c = new Configuration(old);
  assert.throws(() => c.withHarFile('true'), /harFile must be a boolean/);
  assert.throws(() => c.withVisualVarianceThresholdPercentage(101), /percentage/);
  assert.throws(() => c.withVisualVarianceHighlightHexColor('red'), /color/);
  c.setConfig({ somethingNew: 1, harFile: false });
  assert.equal(c.getHarFile(), false);
  c.setConfig(undefined);
});

test('steps override less on newer runtimes', () => {
  const override = { includeRequestHeaders: true, screenshotOnStepStart: false, harFile: undefined };
  assert.equal(new Configuration(old)._flag('includeRequestHeaders', override), true);
  assert.equal(new Configuration(recent)._flag('includeRequestHeaders', override), false);
  assert.equal(new Configuration(recent)._flag('screenshotOnStepStart', override), false);
  assert.equal(new Configuration(recent)._flag('harFile', override), true);
  assert.deepEqual([modern(old), modern(recent), modern(playwright)], [false, true, true]);
});

test('requests are logged by default where the guide says so', () => {
  assert.equal(new Configuration(old).getLogRequest(), true);
  assert.equal(new Configuration(playwright).getLogRequest(), false);
  assert.equal(new Configuration({ ...playwright, visual: [{}] }).getVisualCompareWithBaseRun(), true);
  assert.equal(new Configuration({ ...old, visual: [{}] }).getVisualCompareWithBaseRun(), false);
});

const written = (files) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'config-'));
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), content);
  }
  return dir;
};

test('synthetics.json sets every group', (t) => {
  const dir = written({ 'synthetics.json': JSON.stringify({
    step: { screenshotOnStepStart: false, continueOnStepFailure: true, stepsReport: false },
    report: { includeRequestHeaders: true, restrictedHeaders: ['x'], restrictedUrlParameters: ['*'] },
    logging: { logRequest: true }, httpMetrics: { metric_2xx: false, aggregatedFailedRequestsMetric: false },
    canaryMetrics: { failedCanaryMetric: false }, userAgent: 'Mine/1', har: false,
  }) });
  t.after(() => fs.rmSync(dir, { recursive: true }));
  const c = new Configuration(playwright);
  assert.equal(applyConfigFile(path.join(dir, 'synthetics.json'), c), 'Mine/1');
  assert.deepEqual([
    c.getScreenshotOnStepStart(), c.getContinueOnStepFailure(), c.getStepsReport(), c.getIncludeRequestHeaders(), c.getRestrictedHeaders(),
    c.getLogRequest(), c.get2xxMetric(), c.get4xxMetric(), c.getAggregatedFailedRequestsMetric(), c.getFailedCanaryMetric(), c.getHarFile(),
  ], [false, true, false, true, ['x'], true, false, true, false, false, false]);
});

test('synthetics.json is found beside the script, then at the root', (t) => {
  const dir = written({ 'synthetics.json': '{}', 'nodejs/node_modules/a/synthetics.json': '{}', 'nodejs/node_modules/b/x.js': '' });
  t.after(() => fs.rmSync(dir, { recursive: true }));
  assert.equal(findConfigFile(dir, path.join(dir, 'nodejs/node_modules/a/x.js')), path.join(dir, 'nodejs/node_modules/a/synthetics.json'));
  assert.equal(findConfigFile(dir, path.join(dir, 'nodejs/node_modules/b/x.js')), path.join(dir, 'synthetics.json'));
  assert.equal(findConfigFile(path.join(dir, 'nodejs'), path.join(dir, 'nodejs/node_modules/b/x.js')), undefined);
});

test('a broken synthetics.json is told', (t) => {
  const texts = { '{': /not JSON/, '[]': /an object/, 'null': /an object/, '{"step":true}': /step must be an object/, '{"har":"no"}': /harFile must be a boolean/ };
  for (const [text, message] of Object.entries(texts)) {
    const dir = written({ 'synthetics.json': text });
    t.after(() => fs.rmSync(dir, { recursive: true }));
    assert.throws(() => applyConfigFile(path.join(dir, 'synthetics.json'), new Configuration(recent)), message);
  }
});

test('links are broken as the definitions say', () => {
  const report = new BrokenLinkCheckerReport();
  report.addLink(null);
  report.addLink(undefined, true);
  report.addLink(new SyntheticsLink('a').withStatusCode('200'));
  report.addLink(new SyntheticsLink('b').withStatusCode('399').withText('t'), true);
  report.addLink(new SyntheticsLink('c').withStatusCode('400'), false);
  report.addLink(new SyntheticsLink('d').withStatusCode('400'));
  report.addLink(new SyntheticsLink('e').withFailureReason(new Error('no way')));
  assert.deepEqual([report.getTotalLinksChecked(), report.getTotalBrokenLinks(), report.brokenLinks], [5, 3, ['b', 'd', 'e']]);
  assert.equal(report.getLinks().e.getFailureReason(), 'no way');
  assert.deepEqual(Object.keys(report._artifact((u) => u).links), ['a', 'b', 'c', 'd', 'e']);
});

test('requests are URLs, texts or options', () => {
  const at = (request) => addressOf({ options: optionsOf(request) });
  assert.equal(at('http://h:8080/a?b=1'), 'http://h:8080/a?b=1');
  assert.equal(at(new URL('https://h/a')), 'https://h/a');
  assert.equal(at({ hostname: 'h', path: '/x', port: 443 }), 'https://h/x');
  assert.equal(at({ url: 'http://[::1]:99/x', method: 'PUT' }), 'http://[::1]:99/x');
  assert.equal(optionsOf({ url: 'http://h/x', method: 'PUT' }).method, 'PUT');
  assert.equal(optionsOf('http://u:p%40@h/').auth, 'u:p@');
  assert.throws(() => optionsOf('nothing'), /Invalid URL/);
  assert.throws(() => optionsOf(7), /URL or an object/);
});

test('the older log helper chooses parts', () => {
  const helper = new RequestResponseLogHelper().withLogRequestMethod(true).withLogRequestUrl(false).withLogResponseStatusText(false);
  const request = { url: () => 'u', resourceType: () => 'Document', method: () => 'GET', headers: () => ({ a: 'b' }), postData: () => 'p' };
  assert.equal(helper.getLogRequestString(request), 'GET');
  assert.equal(helper.withLogRequestHeaders(true).withLogRequestPostData(true).getLogRequestString(request), 'GET headers: {"a":"b"} body: p');
  const response = { status: () => 200, statusText: () => 'OK', url: () => 'u', remoteAddress: () => ({ ip: '::1' }), headers: () => ({}) };
  assert.equal(helper.withLogResponseRemoteAddress(true).getLogResponseString(response), '200 u address: ::1');
});

test('names become file names', () => {
  assert.equal(fileSafe('a/b\\c:d*e?"<>|\u0000'), 'a_b_c_d_e______');
  assert.equal(Buffer.byteLength(fileSafe('é'.repeat(300))), 200);
  assert.equal(fileSafe('../..'), '.._..');
});

test('a trace has the form of its header', () => {
  assert.equal(traceOf({ activeTracing: false }), undefined);
  assert.match(traceOf({ activeTracing: true }).headers()['X-Amzn-Trace-Id'], /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1$/);
});

test('the page of an archive escapes everything', () => {
  assert.equal(escape(`<a b="c" d='e'>&\u0001`), '&#60;a b=&#34;c&#34; d=&#39;e&#39;&#62;&#38;\uFFFD');
  const evil = '"><script>alert(1)</script>';
  const header = [{ name: evil, value: evil }];
  const page = harPage({ log: {
    browser: { name: evil, version: evil }, comment: evil, pages: [{ id: 'p', title: evil, startedDateTime: '2026-01-01T00:00:00.000Z', pageTimings: { onContentLoad: 1, onLoad: 2 } }],
    entries: [{
      pageref: 'p', startedDateTime: '2026-01-01T00:00:00.000Z', time: 1, _error: evil, _resourceType: 'xhr', serverIPAddress: evil,
      request: { method: evil, url: evil, headers: header, postData: { text: evil } },
      response: { status: 0, statusText: evil, httpVersion: evil, headers: header, redirectURL: evil, headersSize: 1, bodySize: 1, content: { size: 1, mimeType: evil, text: evil } },
      timings: { blocked: -1, dns: -1, connect: -1, ssl: -1, send: 0, wait: 1, receive: 0 },
    }],
  } }, { canary: evil, run: evil });
  assert.doesNotMatch(page, /<\/?script/);
  const told = page.split('alert(1)').slice(0, -1);
  assert.ok(told.length > 15 && told.every((before) => before.endsWith('&#34;&#62;&#60;script&#62;')));
});
