import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CanaryRun } from '../aws/model';
import { chunks, nameProblem, parseArn, summarize, type Member } from './groups';

const member = (name: string, state?: CanaryRun['Status']['State'], running = false): Member => ({
  arn: name, region: 'us-east-1', name,
  canary: { Id: name, Name: name, Status: { State: running ? 'RUNNING' : 'STOPPED' } },
  last: state && { Id: '1', Name: name, Status: { State: state }, Timeline: {} },
});

test('a group fails when one of its canaries did last', () => {
  for (const [members, want] of [
    [[], 'empty'], [[member('a')], 'idle'], [[member('a', 'RUNNING')], 'idle'], [[member('a', 'PASSED'), member('b')], 'passing'], [[member('a', 'PASSED'), member('b', 'FAILED')], 'failing'],
  ] as const) assert.equal(summarize([...members]).health, want);
  assert.deepEqual(summarize([member('a', 'PASSED', true), member('b', 'FAILED'), member('c')]), { health: 'failing', passing: 1, failing: 1, unknown: 1, running: 1, total: 3 });
});

test('ARNs', () => {
  assert.deepEqual(parseArn('arn:aws:synthetics:eu-west-1:000000000000:canary:shop'), { region: 'eu-west-1', name: 'shop' });
  assert.equal(parseArn('arn:aws:synthetics:eu-west-1:000000000000:group:shop'), undefined);
  assert.equal(parseArn('shop'), undefined);
});

test('names and chunks', () => {
  assert.match(nameProblem(' ', []), /Enter/);
  assert.match(nameProblem('x'.repeat(65), []), /64/);
  assert.match(nameProblem('a', ['a']), /There is/);
  assert.equal(nameProblem('b', ['a']), '');
  assert.deepEqual(chunks([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  assert.deepEqual(chunks([], 5), []);
});
