import assert from 'node:assert/strict';
import { test } from 'node:test';
import { between, coverage, formatRect, MAX_AREAS, moved, parseRect, problem, toPercent, toPicture, type Rect } from './rect';

const size = { width: 200, height: 100 };
const r = (x1: number, y1: number, x2: number, y2: number): Rect => ({ x1, y1, x2, y2 });

test('coordinates', () => {
  assert.deepEqual(parseRect('1,2,30,40'), r(1, 2, 30, 40));
  assert.deepEqual(parseRect(' 1.9 , 2, 30.2,40 '), r(1, 2, 30, 40));
  for (const bad of ['', '1,2,3', '1,2,3,4,5', '-1,2,3,4', '3,2,1,4', '1,2,1,4', 'a,b,c,d', '1e3,2,3000,4', '1,,3,4', '99999999,0,999999999,1']) assert.equal(parseRect(bad), undefined, bad);
  assert.equal(formatRect(parseRect('0,0,5,6')!), '0,0,5,6');
});

test('a drawn rectangle has its corners in order and inside', () => {
  assert.deepEqual(between(150.4, 90, 20, -5, size), r(20, 0, 150, 90));
  assert.deepEqual(between(-1, -1, 999, 999, size), r(0, 0, 200, 100));
});

test('the shown picture has another scale', () => {
  assert.deepEqual(toPicture(50, 25, { width: 100, height: 50 }, size), [100, 50]);
  assert.deepEqual(toPicture(50, 25, { width: 0, height: 0 }, size), [0, 0]);
  assert.deepEqual(toPercent(r(50, 25, 150, 75), size), { left: 25, top: 25, width: 50, height: 50 });
  assert.deepEqual(toPercent(r(100, 0, 999, 999), size), { left: 50, top: 0, width: 50, height: 100 });
});

test('what is wrong with an area', () => {
  const full = Array.from({ length: MAX_AREAS }, (_, i) => r(i, 0, i + 1, 1));
  for (const [rect, others, want] of [
    [r(0, 0, 200, 100), [], /^$/], [r(NaN, 0, 5, 5), [], /whole numbers/], [r(0.5, 0, 5, 5), [], /whole numbers/], [r(-1, 0, 5, 5), [], /negative/],
    [r(0, 0, 201, 5), [], /inside the picture \(200 × 100\)/], [r(5, 0, 5, 5), [], /greater/], [r(0, 0, 5, 5), [r(0, 0, 5, 5)], /already/], [r(0, 0, 5, 5), full, /at most 20/],
  ] as const) assert.match(problem(rect, size, [...others]), want);
});

test('moving stays inside', () => {
  assert.deepEqual(moved(r(10, 10, 20, 20), -50, 5, false, size), r(0, 15, 10, 25));
  assert.deepEqual(moved(r(10, 10, 20, 20), 500, 500, false, size), r(190, 90, 200, 100));
  assert.deepEqual(moved(r(10, 10, 20, 20), -50, 500, true, size), r(10, 10, 11, 100));
});

test('what is covered twice counts once', () => {
  assert.equal(coverage([], size), 0);
  assert.equal(coverage([r(0, 0, 100, 100)], size), 50);
  assert.equal(coverage([r(0, 0, 100, 100), r(50, 0, 150, 100)], size), 75);
});
