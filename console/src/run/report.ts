// SyntheticsReport-*.json: what the script library says of a run.
import { fields, instant, list, number, text, type Fields } from './untrusted';

/** When in a step a screenshot was taken; "other" is takeScreenshot. */
export type Phase = 'starting' | 'succeeded' | 'failed' | 'other';

/** The comparison of a screenshot with its baseline. */
export interface VisualTest {
  status: 'PASSED' | 'FAILED' | 'ERROR';
  /** Percent of the pixels that count. */
  variance: number;
  /** Above it the status is FAILED. */
  threshold: number;
  /** File names below the run's artifacts; "" when there is none. */
  baseline: string;
  difference: string;
  error: string;
}

export interface Shot {
  file: string;
  page: string;
  error: string;
  phase: Phase;
  visual?: VisualTest;
}

export interface Step {
  num: number;
  name: string;
  /** Milliseconds since 1970; NaN when the report does not say. */
  start: number;
  end: number;
  status: string;
  reason: string;
  source: string;
  destination: string;
  shots: Shot[];
  /** Number of the step's request in HttpRequestsReport.json, from 1; 0 for none. */
  request: number;
}

export interface Report {
  start: number;
  end: number;
  /** Milliseconds the browser took to launch. */
  launch: number;
  scriptStart: number;
  scriptEnd: number;
  status: string;
  reason: string;
  executionError: string;
  requests: { ok: number; redirects: number; client: number; server: number; failed: number };
  steps: Step[];
  /** Screenshots that belong to no step. */
  loose: Shot[];
  configuration: Fields;
}

/** Takes a report from JSON. Unknown or missing parts are empty. */
export function readReport(value: unknown): Report {
  const r = fields(value);
  const script = fields(r.customerScript);
  const n = fields(script.requests);
  return {
    start: instant(r.startTime),
    end: instant(r.endTime),
    launch: Math.max(0, number(r.timeSpentInLaunchInMs)),
    scriptStart: instant(script.startTime),
    scriptEnd: instant(script.endTime),
    status: text(script.status, 32),
    reason: text(script.failureReason),
    executionError: text(r.executionError),
    requests: {
      ok: number(n._2xx), redirects: number(n._3xx), client: number(n._4xx), server: number(n._5xx), failed: number(n.failed),
    },
    steps: list(script.steps, 1000).map(readStep),
    loose: list(script.nonStepScreenshots, 1000).map(readShot),
    configuration: fields(r.configuration),
  };
}

function readStep(value: unknown, i: number): Step {
  const s = fields(value);
  return {
    num: number(s.stepNum, i + 1),
    name: text(s.stepName, 256) || `Step ${i + 1}`,
    start: instant(s.startTime),
    end: instant(s.endTime),
    status: text(s.status, 32),
    reason: text(s.failureReason),
    source: text(s.sourceUrl),
    destination: text(s.destinationUrl),
    shots: list(s.screenshots, 200).map(readShot),
    request: Math.max(0, Math.trunc(number(s.httpRequestNum))),
  };
}

export function readShot(value: unknown): Shot {
  const s = fields(value);
  const file = text(s.fileName, 1024);
  const shot: Shot = { file, page: text(s.pageUrl), error: text(s.error), phase: phaseOf(file) };
  const visual = readVisual(s.visualTestResult);
  return visual ? { ...shot, visual } : shot;
}

function readVisual(value: unknown): VisualTest | undefined {
  const v = fields(value);
  const status = text(v.status, 32);
  if (status !== 'PASSED' && status !== 'FAILED' && status !== 'ERROR') return undefined;
  return {
    status,
    variance: number(v.variancePercentage),
    threshold: number(v.varianceThresholdPercentage),
    baseline: text(v.baselineFileName, 1024),
    difference: text(v.differenceFileName, 1024),
    error: text(v.error),
  };
}

/** The phase that a screenshot's name ends in: NN-<step>-<phase>.png. */
export function phaseOf(file: string): Phase {
  const m = /-(starting|succeeded|failed)\.png$/.exec(file);
  return m ? (m[1] as Phase) : 'other';
}

/** All screenshots of a report in the order they were taken, which is that of
 * the numbers before their names. */
export function allShots(r: Report): Shot[] {
  const shots = [...r.steps.flatMap((s) => s.shots), ...r.loose].filter((s) => s.file !== '');
  return shots.sort((a, b) => a.file.localeCompare(b.file, 'en', { numeric: true }));
}
