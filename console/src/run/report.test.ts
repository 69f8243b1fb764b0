import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, fileKind, imageInfo } from './artifacts';
import { allShots, phaseOf, readReport } from './report';
import { readLinks, readRequests } from './requests';
import { instant, number, parseJSON, text } from './untrusted';

test('a report', () => {
  const r = readReport({
    startTime: '2026-11-23T03:19:56.000Z', timeSpentInLaunchInMs: 405,
    customerScript: {
      status: 'FAILED', failureReason: 'no', requests: { _2xx: 25, failed: 1 },
      steps: [{ stepNum: 1, stepName: 'pay', status: 'FAILED', screenshots: [{ fileName: '10-pay-failed.png', visualTestResult: { status: 'FAILED', variancePercentage: 9.5, varianceThresholdPercentage: 0.1, baselineFileName: 'b.png' } }, { fileName: '2-pay-starting.png' }] }],
      nonStepScreenshots: [{ fileName: '03-cart-full.png' }],
    },
  });
  assert.deepEqual(allShots(r).map((s) => `${s.file} ${s.phase}`), ['2-pay-starting.png starting', '03-cart-full.png other', '10-pay-failed.png failed']);
  assert.deepEqual(r.steps[0]!.shots[0]!.visual, { status: 'FAILED', variance: 9.5, threshold: 0.1, baseline: 'b.png', difference: '', error: '' });
  assert.deepEqual([r.launch, r.requests.ok, r.requests.failed, r.status], [405, 25, 1, 'FAILED']);
});

test('a report of nonsense harms nobody', () => {
  for (const bad of [null, [], 'x', { customerScript: { steps: [null, 1, { screenshots: 'x', stepName: { a: 1 }, httpRequestNum: -4 }] } }]) {
    const r = readReport(bad);
    assert.deepEqual(allShots(r), []);
    assert.ok(r.steps.every((s) => s.name !== '' && s.request === 0));
  }
  assert.equal(phaseOf('x-succeeded.png.exe'), 'other');
});

test('requests of the library and of checks', () => {
  const { value } = readRequests({ requests: [
    { requestNum: 1, step: 'list', request: { method: 'POST', url: 'http://a', headers: { accept: 'x', many: ['1', '2'] } }, response: { statusCode: 200 }, httpTimings: { dnsLookUpTimeInMs: 0, tcpConnectionTimeInMs: 8, firstByteTimeInMs: 259, contentTransferTimeInMs: 2, totalDurationInMs: 270 } },
    { stepName: 'check', requestMethod: 'GET', request: { url: 'http://b' }, error: 'refused', httpTimings: { dns: 1, connect: 2, tls: 3, wait: 4, receive: 5, total: 15 } },
    null,
  ] });
  assert.deepEqual(value!.map((r) => [r.num, r.step, r.method, r.url, r.status, r.total]), [[1, 'list', 'POST', 'http://a', 200, 270], [2, 'check', 'GET', 'http://b', 0, 15], [3, '', 'GET', '', 0, NaN]]);
  assert.deepEqual(value![0]!.phases, [{ name: 'connect', ms: 8 }, { name: 'wait', ms: 259 }, { name: 'receive', ms: 2 }]);
  assert.deepEqual(value![0]!.requestHeaders[1], { name: 'many', value: '1, 2' });
  assert.match(readRequests({}).problem!, /not a report/);
});

test('links, the broken ones first', () => {
  const { value } = readLinks({ links: { a: { url: 'a', status: { statusCode: '200', statusText: 'OK' } }, b: { url: 'b', failureReason: 'gone', screenshots: [{ fileName: '1.png' }] }, c: 3 }, brokenLinks: ['b'], totalLinksChecked: 3 });
  assert.deepEqual(value!.links.map((l) => `${l.url} ${l.broken} ${l.status}`), ['b true ', 'a false 200 OK', ' false ']);
  assert.deepEqual([value!.broken, value!.checked, value!.links[0]!.shots.length], [1, 3, 1]);
  assert.match(readLinks([]).problem!, /not a report/);
});

test('pictures are known by their bytes', () => {
  const png = new Uint8Array(24);
  png.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  new DataView(png.buffer).setUint32(16, 1920);
  new DataView(png.buffer).setUint32(20, 1080);
  assert.deepEqual(imageInfo(png), { type: 'image/png', width: 1920, height: 1080 });
  assert.deepEqual(imageInfo(new Uint8Array([0xff, 0xd8, 0xff, 0xe0])), { type: 'image/jpeg' });
  for (const bad of ['<svg onload=x>', '<html>', '']) assert.equal(imageInfo(new TextEncoder().encode(bad)), undefined);
});

test('files and sizes', () => {
  for (const [name, want] of [['a.PNG', 'image'], ['results.har', 'har'], ['results.har.html', 'html'], ['x.svg', 'text'], ['x', 'other'], ['a/b.json', 'json']] as const) assert.equal(fileKind(name), want);
  for (const [n, want] of [[0, '0 B'], [999, '999 B'], [1000, '1.0 kB'], [999_949, '1.0 MB'], [34_421, '34.4 kB'], [5e9, '5.0 GB'], [-1, '–'], [NaN, '–']] as const) assert.equal(bytes(n), want);
});

test('reading values that may be anything', () => {
  assert.equal(text('x'.repeat(10), 4), 'xxxx…');
  assert.deepEqual([text({}), text(3), text(null)], ['', '3', '']);
  assert.deepEqual([number('12'), number(''), number(Infinity, 7), number([5])], [12, 0, 7, 0]);
  assert.ok(Number.isNaN(instant({})));
  assert.match(parseJSON('{"a":').error!, /not valid JSON/);
});
