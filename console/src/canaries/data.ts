// What the pages of canaries ask for.
import { GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { useCloudWatch } from '../aws/cloudwatch';
import { collect, describeCanaries, describeCanariesLastRun, describeRuntimeVersions, getCanary, getCanaryRuns, send, useSynthetics } from '../aws/synthetics';
import type { Canary, CanaryRun } from '../aws/model';
import { useQuery, type Query } from '../data/useQuery';
import { useSession } from '../session/session';
import { inTransition } from './status';

/** Pause between questions, in ms: short while something is about to change. */
const soon = 1500;
const usual = 8000;

export interface CanaryRow {
  canary: Canary;
  last?: CanaryRun;
}

/** All canaries and the last run of each. */
export function useCanaries(): Query<CanaryRow[]> {
  const client = useSynthetics();
  const { session } = useSession();
  return useQuery(
    `canaries ${session.region} ${session.account}`,
    async (signal) => {
      const [canaries, runs] = await Promise.all([
        collect((NextToken) => send(client, describeCanaries({ NextToken, MaxResults: 20 }), signal).then((p) => ({ items: p.Canaries, next: p.NextToken })), 20_000),
        collect((NextToken) => send(client, describeCanariesLastRun({ NextToken, MaxResults: 100 }), signal).then((p) => ({ items: p.CanariesLastRun, next: p.NextToken })), 20_000),
      ]);
      const last = new Map(runs.map((r) => [r.CanaryName, r.LastRun]));
      return canaries.map((canary) => ({ canary, last: last.get(canary.Name) }));
    },
    {
      every: (rows = []) => {
        if (rows.some((r) => inTransition(r.canary))) return soon;
        return rows.length > 200 ? 60_000 : usual;
      },
    },
  );
}

/** One canary; it is asked for unless paused. */
export function useCanary(name: string, paused = false): Query<Canary> {
  const client = useSynthetics();
  const { session } = useSession();
  return useQuery(
    `canary ${session.region} ${session.account} ${name}`,
    async (signal) => (await send(client, getCanary({ Name: name }), signal)).Canary,
    { every: (c) => (c && inTransition(c) ? soon : usual), enabled: !paused },
  );
}

/** The newest runs of a canary, newest first; they are asked for unless paused. */
export function useRuns(name: string, most: number, paused = false): Query<CanaryRun[]> {
  const client = useSynthetics();
  const { session } = useSession();
  return useQuery(
    `runs ${session.region} ${session.account} ${name} ${most}`,
    (signal) =>
      collect(
        (NextToken) => send(client, getCanaryRuns({ Name: name, NextToken, MaxResults: Math.min(100, most) }), signal).then((p) => ({ items: p.CanaryRuns, next: p.NextToken })),
        most,
      ),
    { every: (runs = []) => (runs.some((r) => r.Status.State === 'RUNNING') ? soon : usual), enabled: !paused },
  );
}

/** How many runs a strip shows. */
export const stripLength = 20;

/** The newest runs of several canaries, by name. */
export function useStrips(names: string[]): Query<Map<string, CanaryRun[]>> {
  const client = useSynthetics();
  const { session } = useSession();
  return useQuery(
    `strips ${session.region} ${session.account} ${names.join(' ')}`,
    async (signal) => {
      const left = [...names];
      const found = new Map<string, CanaryRun[]>();
      const work = async () => {
        for (let name = left.shift(); name; name = left.shift()) {
          const page = await send(client, getCanaryRuns({ Name: name, MaxResults: stripLength }), signal).catch(() => undefined); // it may be gone by now
          if (page) found.set(name, page.CanaryRuns);
        }
      };
      await Promise.all([work(), work(), work()]);
      return found;
    },
    { every: usual, enabled: names.length > 0 },
  );
}

const hour = 3600_000;

/** Percent of runs that passed in the last 24 hours, by name; without runs there is none. */
export function useSuccess(names: string[]): Query<Map<string, number>> {
  const client = useCloudWatch();
  const { session } = useSession();
  return useQuery(
    `success ${session.region} ${session.account} ${names.join(' ')}`,
    async (signal) => {
      const now = Date.now();
      const answer = await client.send(
        new GetMetricDataCommand({
          StartTime: new Date(now - 24 * hour),
          EndTime: new Date(now + 60_000),
          MetricDataQueries: names.flatMap((name, i) =>
            (['Sum', 'SampleCount'] as const).map((Stat) => ({
              Id: `${Stat.toLowerCase()}${i}`,
              MetricStat: { Metric: { Namespace: 'CloudWatchSynthetics', MetricName: 'SuccessPercent', Dimensions: [{ Name: 'CanaryName', Value: name }] }, Period: 3600, Stat },
            })),
          ),
        }),
        { abortSignal: signal },
      );
      const total = (id: string) => (answer.MetricDataResults?.find((r) => r.Id === id)?.Values ?? []).reduce((a, b) => a + b, 0);
      const found = new Map<string, number>();
      names.forEach((name, i) => {
        const count = total(`samplecount${i}`);
        if (count > 0) found.set(name, total(`sum${i}`) / count);
      });
      return found;
    },
    { every: 30_000, enabled: names.length > 0 },
  );
}

/** Runtime versions that new canaries may use, each family's newest first. */
export function useRuntimes(): Query<string[]> {
  const client = useSynthetics();
  return useQuery('runtimes', async (signal) => {
    const all = await collect((NextToken) => send(client, describeRuntimeVersions({ NextToken }), signal).then((p) => ({ items: p.RuntimeVersions, next: p.NextToken })));
    const now = new Date();
    return all
      .filter((v) => !v.DeprecationDate || v.DeprecationDate > now)
      .map((v) => v.VersionName)
      .filter((name) => !name.startsWith('syn-java'));
  });
}

/** "98%" or "99.5%"; "-" for none. */
export function percent(value: number | undefined): string {
  return value === undefined ? '-' : `${Number(value.toFixed(1))}%`;
}
