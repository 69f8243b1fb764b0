import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Canary, CanaryRun, VisualReference } from '../aws/model';
import { accepted, areasOf, baselineOf, referenceOf, update, withAreas } from './visual';

const canary = (over: Partial<Canary> = {}): Canary => ({ Id: 'i', Name: 'shop', ...over });
const run = (over: Partial<CanaryRun> = {}): CanaryRun => ({ Id: 'new', Name: 'shop', Status: { State: 'FAILED' }, Timeline: {}, ...over });
const base: VisualReference = { BaseCanaryRunId: 'old', BrowserType: 'CHROME', BaseScreenshots: [{ ScreenshotName: '01-a-succeeded.png', IgnoreCoordinates: ['1,2,3,4'] }, { ScreenshotName: '02-b-succeeded.png' }] };
const firefox: VisualReference = { BaseCanaryRunId: 'fox', BrowserType: 'FIREFOX' };

test('each browser has its reference', () => {
  const c = canary({ VisualReferences: [base, firefox] });
  assert.equal(referenceOf(c, run({ BrowserType: 'FIREFOX' })), firefox);
  assert.equal(referenceOf(c, run()), base);
  assert.equal(referenceOf(canary({ VisualReference: { BaseCanaryRunId: 'x' } }), run())!.BaseCanaryRunId, 'x');
  assert.equal(referenceOf(canary(), run()), undefined);
});

test('the update keeps other browsers, and has the form of the runtime', () => {
  const c = canary({ VisualReferences: [base, firefox] });
  const next = update(c, run({ BrowserType: 'CHROME' }), { BaseCanaryRunId: 'new', BaseScreenshots: [] });
  assert.deepEqual(next, { VisualReferences: [firefox, { BaseCanaryRunId: 'new', BrowserType: 'CHROME' }] });
  assert.deepEqual(update(canary({ VisualReference: base }), run(), { BaseCanaryRunId: 'new' }), { VisualReference: { BaseCanaryRunId: 'new' } });
});

test('a screenshot is found though its number has moved', () => {
  assert.equal(baselineOf(base, '02-b-succeeded.png')!.ScreenshotName, '02-b-succeeded.png');
  assert.equal(baselineOf(base, '07-b-succeeded.png')!.ScreenshotName, '02-b-succeeded.png');
  assert.equal(baselineOf(base, '07-c-succeeded.png'), undefined);
  assert.deepEqual(areasOf(base, '05-a-succeeded.png'), [{ x1: 1, y1: 2, x2: 3, y2: 4 }]);
});

test('areas replace those of their screenshot only', () => {
  const next = withAreas(base, '02-b-succeeded.png', [{ x1: 5, y1: 6, x2: 7, y2: 8 }]);
  assert.deepEqual(next.BaseScreenshots, [base.BaseScreenshots![0], { ScreenshotName: '02-b-succeeded.png', IgnoreCoordinates: ['5,6,7,8'] }]);
  assert.equal(next.BaseCanaryRunId, 'old');
  assert.equal(base.BaseScreenshots![1]!.IgnoreCoordinates, undefined);
  assert.deepEqual(withAreas(base, '01-a-succeeded.png', []).BaseScreenshots![0], { ScreenshotName: '01-a-succeeded.png', IgnoreCoordinates: [] });
});

test('accepting carries areas over, and what was left out stays out', () => {
  const files = ['01-a-succeeded.png', '02-x-succeeded.png', '03-b-succeeded.png'];
  assert.deepEqual(accepted(undefined, run(), files, []), { BaseCanaryRunId: 'new' });
  assert.deepEqual(accepted(base, run(), files, []), {
    BaseCanaryRunId: 'new', BaseScreenshots: [{ ScreenshotName: '01-a-succeeded.png', IgnoreCoordinates: ['1,2,3,4'] }, { ScreenshotName: '03-b-succeeded.png' }],
  });
  const plain = { ...base, BaseScreenshots: base.BaseScreenshots!.map((s) => ({ ScreenshotName: s.ScreenshotName })) };
  assert.deepEqual(accepted(plain, run(), ['01-a-succeeded.png', '02-b-succeeded.png'], []), { BaseCanaryRunId: 'new' });
});
