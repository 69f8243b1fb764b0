import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asText, filterLines, logGroupOf, logStreamOf, MAX_LINES, pieces, readEvent, readLogFile } from './loglines';

const at = Date.parse('2026-11-23T03:19:58.672Z');

test('the forms that Lambda writes', () => {
  for (const [message, level, text, time] of [
    ['2026-11-23T03:19:58.672Z\t0885cf82\tWARN\tWARN: The <b>cart</b>\n', 'WARN', 'The <b>cart</b>', at],
    ['2026-11-23T03:19:58.672Z\t0885cf82\tINFO\tplain\n  at x', 'INFO', 'plain\n  at x', at],
    ['2026-11-23T03:19:58.672Z\t0885cf82\tINFO\tERROR: from the logger', 'ERROR', 'from the logger', at],
    ['[WARNING]\t2026-11-23T03:19:58.672Z\t0885cf82\tslow', 'WARN', 'slow', at],
    ['[CRITICAL]\t2026-11-23T03:19:58.672Z\t0885cf82\tgone', 'FATAL', 'gone', at],
    ['START RequestId: 1 Version: 1', 'PLATFORM', 'START RequestId: 1 Version: 1', 7],
    ['REPORT RequestId: 1\tDuration: 2 ms', 'PLATFORM', 'REPORT RequestId: 1\tDuration: 2 ms', 7],
    ['{"timestamp":"2026-11-23T03:19:58.672Z","level":"error","message":"no"}', 'ERROR', 'no', at],
    ['{"message":"untold"}', 'INFO', 'untold', 7],
    ['{"type":"platform.start"}', 'PLATFORM', '{"type":"platform.start"}', 7],
    ['{"broken', 'INFO', '{"broken', 7],
    ['STARTED by hand', 'INFO', 'STARTED by hand', 7],
    ['', 'INFO', '', 7],
  ] as const) assert.deepEqual(readEvent(7, message), { time, level, text }, message);
});

test('the log file keeps stacks with their line', () => {
  const { lines, omitted } = readLogFile('2026-11-23T03:19:58.672Z ERROR: it failed\n    at a\n\n    at b\n2026-11-23T03:19:58.700Z INFO: on\n');
  assert.equal(omitted, 0);
  assert.deepEqual(lines.map((l) => [l.level, l.text]), [['ERROR', 'it failed\n    at a\n\n    at b'], ['INFO', 'on']]);
});

test('a log file that begins without a time, and one that is too long', () => {
  assert.deepEqual(readLogFile('\nWARN: early').lines, [{ time: NaN, level: 'WARN', text: 'early' }]);
  const { lines, omitted } = readLogFile('2026-11-23T03:19:58.672Z INFO: x\n'.repeat(MAX_LINES + 5));
  assert.deepEqual([lines.length, omitted], [MAX_LINES, 5]);
});

test('levels and search', () => {
  const lines = readLogFile('2026-11-23T03:19:58.672Z ERROR: Broken\n2026-11-23T03:19:58.672Z INFO: fine').lines;
  assert.equal(filterLines(lines, [], '').length, 2);
  assert.deepEqual(filterLines(lines, ['ERROR'], ' brok').map((l) => l.text), ['Broken']);
  assert.deepEqual(filterLines(lines, ['INFO'], 'brok'), []);
  assert.equal(asText(filterLines(lines, ['INFO'], '')), '2026-11-23T03:19:58.672Z INFO: fine');
});

test('matches are the odd pieces', () => {
  assert.deepEqual(pieces('Abcabc', 'ab'), ['', 'Ab', 'c', 'ab', 'c']);
  assert.deepEqual(pieces('a.c', '.'), ['a', '.', 'c']);
  assert.deepEqual(pieces('none', 'x'), ['none']);
  assert.deepEqual(pieces('İİ x', 'x'), ['İİ x']); // lower case has another length
});

test('where the log of a run is', () => {
  assert.equal(logGroupOf('arn:aws:lambda:us-east-1:000000000000:function:cwsyn-shop-1a:1'), '/aws/lambda/cwsyn-shop-1a');
  assert.equal(logGroupOf('nothing'), '');
  assert.equal(logStreamOf('0885cf82-bd08-4f9b-9220-fb99d410aff6', new Date(at)), '2026/11/23/[$LATEST]0885cf82bd084f9b9220fb99d410aff6');
});
