import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bar, duration, extent, ticks, visibleRows } from './timeline';

test('bars', () => {
  assert.deepEqual(bar(0, 100, 25, 75), { left: 0.25, width: 0.5 });
  assert.deepEqual(bar(0, 100, -50, 150), { left: 0, width: 1 });
  assert.deepEqual(bar(0, 100, 60, NaN), { left: 0.6, width: 0.4 });
  assert.deepEqual(bar(0, 100, 80, 20), { left: 0.8, width: 0 });
  for (const [from, to, start] of [[0, 0, 0], [5, 1, 2], [NaN, NaN, 1], [0, 1, NaN]] as const) assert.deepEqual(bar(from, to, start, 1), { left: 0, width: 0 });
});

test('ticks are round and few', () => {
  assert.deepEqual(ticks(3200, 5), [0, 1000, 2000, 3000]);
  assert.deepEqual(ticks(90, 5), [0, 20, 40, 60, 80]);
  for (const span of [0.001, 0.7, 1, 33, 999, 123_456, 1e9]) {
    const all = ticks(span, 6);
    assert.ok(all.length >= 3 && all.length <= 7, `${span}: ${all.join(' ')}`);
  }
  for (const none of [0, -1, NaN, Infinity]) assert.deepEqual(ticks(none), [0]);
});

test('durations', () => {
  for (const [ms, want] of [[0, '0 ms'], [0.214, '0.21 ms'], [25.4, '25 ms'], [999.4, '999 ms'], [1000, '1 s'], [1254, '1.25 s'], [59_999, '1 min'], [125_000, '2 min 5 s'], [-1, '–'], [NaN, '–']] as const) assert.equal(duration(ms), want);
});

test('extent', () => {
  assert.deepEqual(extent([3, NaN, 1, Infinity, 2]), [1, 3]);
  assert.deepEqual(extent([NaN]), [NaN, NaN]);
  assert.deepEqual(extent(Array.from({ length: 500_000 }, (_, i) => i)), [0, 499_999]);
});

test('only rows in view are drawn', () => {
  assert.deepEqual(visibleRows(0, 300, 30, 2000, 2), { first: 0, last: 12 });
  assert.deepEqual(visibleRows(3000, 300, 30, 2000, 2), { first: 98, last: 112 });
  assert.deepEqual(visibleRows(1e9, 300, 30, 50, 2), { first: 50, last: 50 });
  assert.deepEqual(visibleRows(0, 300, 30, 0), { first: 0, last: 0 });
});
