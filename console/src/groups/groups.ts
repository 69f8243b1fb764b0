// Groups and the state of what is in them.
import type { Canary, CanaryRun } from '../aws/model';

/** What groups hold (CloudWatch User Guide, "Groups"). */
export const MAX_MEMBERS = 10;
export const MAX_GROUPS = 20;

export interface Member {
  arn: string;
  region: string;
  name: string;
  /** Missing while they are loaded, and for canaries that are gone. */
  canary?: Canary;
  last?: CanaryRun;
}

/** Region and name of a canary's ARN; undefined for the ARN of something else. */
export function parseArn(arn: string): { region: string; name: string } | undefined {
  const m = /^arn:[^:]+:synthetics:([^:]*):[^:]*:canary:(.+)$/.exec(arn);
  return m ? { region: m[1]!, name: m[2]! } : undefined;
}

export type Health = 'failing' | 'passing' | 'idle' | 'empty';

export interface Summary {
  health: Health;
  passing: number;
  failing: number;
  /** Without a run that has ended. */
  unknown: number;
  /** Canaries that run on their schedule. */
  running: number;
  total: number;
}

/** Sums up members: a group fails when one of them did last. A run that goes on
 * tells nothing yet. */
export function summarize(members: Member[]): Summary {
  const state = (s: string) => members.filter((m) => m.last?.Status.State === s).length;
  const passing = state('PASSED');
  const failing = state('FAILED');
  const total = members.length;
  const health = total === 0 ? 'empty' : failing > 0 ? 'failing' : passing > 0 ? 'passing' : 'idle';
  return { health, passing, failing, unknown: total - passing - failing, running: members.filter((m) => m.canary?.Status?.State === 'RUNNING').length, total };
}

/** What is wrong with the name of a new group, or "". */
export function nameProblem(name: string, taken: string[]): string {
  if (name.trim() === '') return 'Enter a name.';
  if (name.length > 64) return 'A name has at most 64 characters.';
  if (taken.includes(name)) return 'There is a group of this name.';
  return '';
}

/** Divides into parts of at most size items. */
export function chunks<T>(all: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}
