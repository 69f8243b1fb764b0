import { useEffect, useMemo } from 'react';
import { isCode } from '../aws/errors';
import type { Canary, CanaryRun } from '../aws/model';
import { splitLocation, useS3 } from '../aws/s3';
import { getCanary, getCanaryRuns, send, useSynthetics } from '../aws/synthetics';
import { useQuery } from '../data/useQuery';
import { readReport, type Report } from './report';
import { bytes, type Artifact } from './artifacts';
import { ArtifactStore, LIMITS } from './store';
import { parseJSON } from './untrusted';

/** A run among those around it, newest first. */
export interface Found {
  run?: CanaryRun;
  newer?: CanaryRun;
  older?: CanaryRun;
  /** Other attempts and browsers of the same scheduled run. */
  siblings: CanaryRun[];
}

/** The most runs that are searched: the API has no call for one of them. */
const MAX_RUNS = 5000;

type Page = (token?: string) => Promise<{ CanaryRuns: CanaryRun[]; NextToken?: string }>;

/** Looks for a run page by page. One page beyond is read when the run is the
 * last of its page, for the run before it. */
async function search(page: Page, id: string): Promise<Found> {
  const runs: CanaryRun[] = [];
  let token: string | undefined;
  do {
    const answer = await page(token);
    runs.push(...answer.CanaryRuns);
    token = answer.NextToken;
    const at = runs.findIndex((r) => r.Id === id);
    if (at >= 0 && (at + 1 < runs.length || !token)) return around(runs, at);
  } while (token && runs.length < MAX_RUNS);
  return { siblings: [] };
}

/** The run at an index with its neighbours of other schedules. */
export function around(runs: CanaryRun[], at: number): Found {
  const run = runs[at]!;
  const tick = run.ScheduledRunId ?? run.Id;
  const same = (r: CanaryRun) => (r.ScheduledRunId ?? r.Id) === tick;
  return {
    run,
    newer: runs.slice(0, at).findLast((r) => !same(r)),
    older: runs.slice(at + 1).find((r) => !same(r)),
    siblings: runs.filter(same).sort((a, b) => (a.RetryAttempt ?? 0) - (b.RetryAttempt ?? 0) || (a.BrowserType ?? '').localeCompare(b.BrowserType ?? '')),
  };
}

/** Loads a run, and again every two seconds while it goes on. */
export function useFound(name: string, id: string) {
  const synthetics = useSynthetics();
  return useQuery<Found>(
    `run ${name} ${id}`,
    async (signal) => {
      const of = (RunType: 'CANARY_RUN' | 'DRY_RUN'): Page => (NextToken) =>
        send(synthetics, getCanaryRuns({ Name: name, MaxResults: 100, RunType, NextToken }), signal);
      const found = await search(of('CANARY_RUN'), id);
      if (found.run) return found;
      try {
        return await search(of('DRY_RUN'), id);
      } catch (error) {
        if (isCode(error, 'ResourceNotFoundException')) throw error;
        return found;
      }
    },
    { every: (f) => (f?.run?.Status.State === 'RUNNING' ? 2000 : 0) },
  );
}

export function useCanary(name: string) {
  const synthetics = useSynthetics();
  const changing = (c?: Canary) => /ING$/.test(c?.Status?.State ?? '') && c?.Status?.State !== 'RUNNING';
  return useQuery<Canary>(
    `canary ${name}`,
    async (signal) => (await send(synthetics, getCanary({ Name: name }), signal)).Canary,
    { every: (c) => (changing(c) ? 1000 : 0) },
  );
}

/** The store of a run's artifacts; none before they have a place. */
export function useStore(run?: CanaryRun): ArtifactStore | undefined {
  const s3 = useS3();
  const place = run?.ArtifactS3Location;
  const store = useMemo(() => {
    if (!place) return undefined;
    const { bucket, key } = splitLocation(place);
    return new ArtifactStore(s3, bucket, key.replace(/\/$/, ''));
  }, [s3, place]);
  useEffect(() => () => store?.forget(), [store]);
  return store;
}

/** The list of a run's files, again when the run has ended. */
export function useFiles(store: ArtifactStore | undefined, run?: CanaryRun) {
  return useQuery(
    `files ${store?.bucket}/${store?.prefix} ${run?.Status.State}`,
    (signal) => store!.list(signal),
    { enabled: store !== undefined },
  );
}

/** What a file holds, or what is wrong with it. */
export interface Read<T> {
  value?: T;
  /** The file's own fault: asking again would not help. */
  problem?: string;
}

/** A JSON file of the run, read by parse. Requests that fail are repeated;
 * files that cannot be read are not. */
export function useFile<T>(store: ArtifactStore | undefined, file: Artifact | undefined, parse: (value: unknown) => Read<T>) {
  return useQuery<Read<T>>(
    `file ${store?.bucket}/${file?.key}`,
    async (signal) => {
      const { name, size } = file!;
      if (size > LIMITS.json) return { problem: `${name} has ${bytes(size)}, too much to be shown here. Download it instead.` };
      const { value, error } = parseJSON(await store!.text(name, LIMITS.json, signal));
      return error ? { problem: error } : parse(value);
    },
    { enabled: store !== undefined && file !== undefined },
  );
}

/** The report of a run; none of one that goes on or has timed out. */
export function useReport(store: ArtifactStore | undefined, files: Artifact[]) {
  const file = files.find((f) => /^SyntheticsReport-\w+\.json$/.test(f.name));
  return useFile<Report>(store, file, (value) => ({ value: readReport(value) }));
}
