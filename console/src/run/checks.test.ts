import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flatten, readChecks } from './checks';

test('checks', () => {
  const { value } = readChecks({
    checks: [{ stepNum: 1, stepName: 'home', checkerType: 'HTTP', target: 'http://a', passed: false, failureReason: 'no', startTime: '2026-01-01T00:00:00Z', endTime: '2026-01-01T00:00:01.5Z', assertions: [{ type: 'HEADER', subject: 'server', operator: 'EQUALS', expected: 'x', actual: 'y', passed: false }], extracted: ['token'] }, null],
    skipped: ['login'],
  });
  const [home, nothing] = value!.checks;
  assert.deepEqual([home!.took, home!.passed, home!.extracted], [1500, false, ['token']]);
  assert.deepEqual(home!.assertions, [{ what: 'HEADER server EQUALS', expected: 'x', actual: 'y', passed: false }]);
  assert.deepEqual([nothing!.name, nothing!.took, value!.skipped], ['Check 2', NaN, ['login']]);
  for (const bad of [null, {}, { checks: {} }]) assert.match(readChecks(bad).problem!, /not a report/);
});

test('details become names and values, within bounds', () => {
  assert.deepEqual(flatten({ a: { b: [1, 2], c: [{ d: true }] }, e: null, f: [] }), [{ name: 'a.b', value: '1, 2' }, { name: 'a.c.0.d', value: 'true' }]);
  const deep: Record<string, unknown> = {};
  deep.self = deep;
  assert.deepEqual(flatten(deep), []);
  assert.equal(flatten(Array.from({ length: 500 }, (_, i) => ({ i }))).length, 100);
});
