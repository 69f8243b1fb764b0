import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterEntries, kindOf, MAX_ENTRIES, readHAR, shortURL, sortEntries, statusClass, totals, type Entry } from './har';

const entry = (at: number, over: Record<string, unknown> = {}) => ({
  startedDateTime: new Date(1e12 + at).toISOString(), time: 100,
  request: { method: 'GET', url: `https://shop.example/${at}?q=1`, headers: [{ name: 'Accept', value: '*/*' }], queryString: [{ name: 'q', value: '1' }] },
  response: { status: 200, statusText: 'OK', httpVersion: 'h2', content: { size: 10, mimeType: 'text/html' }, bodySize: 20, headers: [] },
  timings: { blocked: 5, dns: -1, connect: 30, ssl: 20, send: 1, wait: 50, receive: 14 },
  ...over,
});
const read = (entries: unknown[], pages: unknown[] = []) => readHAR({ log: { entries, pages } }).waterfall!;

test('an archive becomes a waterfall', () => {
  const w = read([entry(200), entry(0)], [{ startedDateTime: new Date(1e12).toISOString(), title: 'Shop', pageTimings: { onContentLoad: 150, onLoad: 900 } }]);
  assert.equal(w.began, 1e12);
  assert.deepEqual(w.entries.map((e) => e.start), [200, 0]);
  assert.deepEqual(w.markers, [{ name: 'DOMContentLoaded', at: 150, page: 'Shop' }, { name: 'load', at: 900, page: 'Shop' }]);
  assert.equal(w.span, 900);
  const e = w.entries[0]!;
  assert.deepEqual([e.size, e.kind, e.protocol, e.requestHeaders], [20, 'document', 'h2', [{ name: 'Accept', value: '*/*' }]]);
});

test('TLS is taken out of connect, and the parts add up', () => {
  const e = read([entry(0)]).entries[0]!;
  assert.deepEqual(e.phases.map((p) => `${p.name} ${p.ms}`), ['blocked 5', 'connect 10', 'ssl 20', 'send 1', 'wait 50', 'receive 14']);
  assert.equal(e.time, e.phases.reduce((sum, p) => sum + p.ms, 0));
});

test('what is no archive is refused', () => {
  for (const bad of [null, 1, 'x', [], {}, { log: {} }, { log: { entries: {} } }]) assert.match(readHAR(bad).error!, /not an HTTP archive/);
});

test('an archive of nonsense harms nobody', () => {
  const w = read([null, 7, 'x', [], {}, entry(0, { startedDateTime: 'never', time: 'long', request: null, response: 'none', timings: { wait: Infinity, send: {} } })], [null, { pageTimings: { onLoad: 'x' } }]);
  assert.equal(w.entries.length, 6);
  for (const e of w.entries) {
    assert.ok(Number.isFinite(e.start) && Number.isFinite(e.time) && e.time >= 0, JSON.stringify(e));
    assert.equal(statusClass(e), 'failed');
  }
  assert.deepEqual(w.markers, []);
  assert.ok(w.span > 0);
});

test('an archive is cut to what a page can bear', () => {
  const w = read(Array.from({ length: MAX_ENTRIES + 3 }, (_, i) => entry(i, { request: { url: `https://x/${'y'.repeat(10_000)}` } })));
  assert.deepEqual([w.entries.length, w.omitted], [MAX_ENTRIES, 3]);
  assert.ok(w.entries[0]!.url.length < 5000);
});

const some = () => read([
  entry(0), entry(10, { _resourceType: 'xhr', response: { status: 404, content: { mimeType: 'application/json', size: 5 } } }),
  entry(20, { _resourceType: 'image', response: { status: 0, _error: 'net::ERR_FAILED' } }), entry(30, { response: { status: 302, content: {} }, time: 1 }),
]).entries;
const ids = (all: Entry[]) => all.map((e) => e.index);

test('filters', () => {
  const q = { search: '', kinds: [], statuses: [] };
  assert.deepEqual(ids(filterEntries(some(), q)), [0, 1, 2, 3]);
  assert.deepEqual(ids(filterEntries(some(), { ...q, statuses: ['4xx', 'failed'] })), [1, 2]);
  assert.deepEqual(ids(filterEntries(some(), { ...q, kinds: ['fetch'] })), [1]);
  assert.deepEqual(ids(filterEntries(some(), { ...q, search: ' EXAMPLE/20' })), [2]);
  assert.deepEqual(ids(filterEntries(some(), { ...q, search: '404', kinds: ['image'] })), []);
});

test('sorting is stable and leaves its input alone', () => {
  const all = some();
  assert.deepEqual(ids(sortEntries(all, 'status', true)), [1, 3, 0, 2]);
  assert.deepEqual(ids(sortEntries(all, 'method', true)), [0, 1, 2, 3]);
  assert.deepEqual(ids(sortEntries(all, 'url', false)), [0, 1, 2, 3]);
  assert.deepEqual(ids(all), [0, 1, 2, 3]);
});

test('kinds', () => {
  for (const [resource, mime, url, want] of [
    ['document', '', '', 'document'], ['xhr', 'text/html', '', 'fetch'], ['', 'text/css; charset=utf-8', '', 'stylesheet'], ['other', 'application/javascript', '', 'script'],
    ['', 'image/svg+xml', '', 'image'], ['', '', 'https://x/a.woff2?v=1', 'font'], ['', 'application/json', '', 'fetch'], ['', '', '', 'other'], ['__proto__', '', '', 'other'], ['constructor', 'text/html', '', 'document'],
  ] as const) assert.equal(kindOf(resource, mime, url), want, `${resource} ${mime} ${url}`);
});

test('totals and short URLs', () => {
  assert.deepEqual(totals(some()), { count: 4, bytes: 25, end: 130, failed: 2 });
  assert.deepEqual(shortURL('https://shop.example:8443/a/b?c=d#e'), { name: '/a/b?c=d', host: 'shop.example:8443' });
  assert.deepEqual(shortURL('not a url'), { name: 'not a url', host: '' });
});
