// MultiChecksReport.json: what each check of a multi-checks canary found.
import type { Pair } from './har';
import { fields, instant, list, number, text } from './untrusted';

export interface Assertion {
  what: string;
  expected: string;
  actual: string;
  passed: boolean;
}

export interface Check {
  num: number;
  name: string;
  /** HTTP, DNS, SSL or TCP. */
  kind: string;
  target: string;
  passed: boolean;
  reason: string;
  /** Milliseconds; NaN when unknown. */
  took: number;
  assertions: Assertion[];
  /** What was found: records, certificates, answers. */
  details: Pair[];
  extracted: string[];
}

export interface Checks {
  checks: Check[];
  /** Names of those that were not executed. */
  skipped: string[];
}

export function readChecks(value: unknown): { value?: Checks; problem?: string } {
  const r = fields(value);
  if (!Array.isArray(r.checks)) return { problem: 'This file is not a report of checks: it has no list of them.' };
  return { value: { checks: list(r.checks, 100).map(readCheck), skipped: list(r.skipped, 100).map((s) => text(s, 256)) } };
}

function readCheck(v: unknown, i: number): Check {
  const c = fields(v);
  return {
    num: number(c.stepNum, i + 1),
    name: text(c.stepName, 256) || `Check ${i + 1}`,
    kind: text(c.checkerType, 16),
    target: text(c.target),
    passed: c.passed === true,
    reason: text(c.failureReason),
    took: instant(c.endTime) - instant(c.startTime),
    assertions: list(c.assertions, 100).map(readAssertion),
    details: flatten(c.details),
    extracted: list(c.extracted, 100).map((e) => text(e, 256)),
  };
}

function readAssertion(v: unknown): Assertion {
  const a = fields(v);
  return {
    what: [a.type, a.subject, a.operator].map((part) => text(part, 256)).filter(Boolean).join(' '),
    expected: text(a.expected),
    actual: text(a.actual),
    passed: a.passed === true,
  };
}

/** The values of an object with the names that lead to them, a hundred at most
 * and five deep. */
export function flatten(v: unknown, name = '', depth = 0): Pair[] {
  if (v === null || v === undefined || v === '') return [];
  if (typeof v !== 'object') return [{ name: name || 'value', value: text(v) }];
  if (depth >= 5) return [];
  const plain = Array.isArray(v) && v.every((x) => typeof x !== 'object');
  if (plain) return v.length ? [{ name, value: list(v, 100).map((x) => text(x)).join(', ') }] : [];
  return Object.entries(v)
    .slice(0, 100)
    .flatMap(([key, x]) => flatten(x, name ? `${name}.${key}` : key, depth + 1))
    .slice(0, 100);
}
