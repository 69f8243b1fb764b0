// Series of CloudWatch for the charts of a canary.
import { GetMetricDataCommand, ListMetricsCommand, type CloudWatchClient, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { useCloudWatch } from '../aws/cloudwatch';
import { useQuery, type Query } from '../data/useQuery';
import { useSession } from '../session/session';
import { resolve, type Range } from './range';

export const namespace = 'CloudWatchSynthetics';

/** One line of a chart. */
export interface SeriesWanted {
  title: string;
  metric: string;
  stat: 'Average' | 'Sum' | 'Maximum' | 'p90' | 'SampleCount';
  /** Dimensions besides the canary's name. */
  dimensions?: Record<string, string>;
}

export interface Series {
  title: string;
  data: { x: Date; y: number }[];
}

/** What a chart is drawn from. */
export interface MetricData {
  series: Series[];
  from: Date;
  to: Date;
  /** Seconds that a point stands for. */
  period: number;
}

/** The shortest period of whole minutes that gives no more points than most. */
export function periodFor(from: Date, to: Date, most: number): number {
  const seconds = (to.getTime() - from.getTime()) / 1000;
  return [60, 300, 900, 3600, 6 * 3600, 86400].find((p) => seconds / p <= most) ?? 86400;
}

/** Series of a canary's metrics, loaded again every so often where the range moves with time. */
export function useMetrics(canary: string, wanted: SeriesWanted[], range: Range, most: number): Query<MetricData> {
  const client = useCloudWatch();
  const { session } = useSession();
  return useQuery(
    JSON.stringify([session.region, session.account, canary, wanted, range, most]),
    (signal) => load(client, canary, wanted, range, most, signal),
    { every: range.type === 'relative' ? 20_000 : 0 },
  );
}

async function load(client: CloudWatchClient, canary: string, wanted: SeriesWanted[], range: Range, most: number, signal: AbortSignal): Promise<MetricData> {
  const { from, to } = resolve(range, new Date());
  const period = periodFor(from, to, most);
  const found = new Map<string, Series['data']>();
  let NextToken: string | undefined;
  do {
    const input = { StartTime: from, EndTime: to, MetricDataQueries: wanted.map((w, i) => query(canary, w, i, period)), ScanBy: 'TimestampAscending' as const, NextToken };
    const answer = await client.send(new GetMetricDataCommand(input), { abortSignal: signal });
    for (const r of answer.MetricDataResults ?? []) {
      const points = (r.Timestamps ?? []).map((x, i) => ({ x, y: r.Values?.[i] ?? 0 }));
      found.set(r.Id!, [...(found.get(r.Id!) ?? []), ...points]);
    }
    NextToken = answer.NextToken;
  } while (NextToken);
  return { series: wanted.map((w, i) => ({ title: w.title, data: found.get(`m${i}`) ?? [] })), from, to, period };
}

function query(canary: string, w: SeriesWanted, i: number, period: number): MetricDataQuery {
  const all = { CanaryName: canary, ...w.dimensions };
  const Dimensions = Object.entries(all).map(([Name, Value]) => ({ Name, Value }));
  return { Id: `m${i}`, MetricStat: { Metric: { Namespace: namespace, MetricName: w.metric, Dimensions }, Period: period, Stat: w.stat } };
}

/** The names of steps that a canary has published metrics of. */
export function useStepNames(canary: string): Query<string[]> {
  const client = useCloudWatch();
  const { session } = useSession();
  return useQuery(`steps ${session.region} ${session.account} ${canary}`, async (signal) => {
    const input = { Namespace: namespace, MetricName: 'Duration', Dimensions: [{ Name: 'CanaryName', Value: canary }, { Name: 'StepName' }] };
    const answer = await client.send(new ListMetricsCommand(input), { abortSignal: signal });
    const names = (answer.Metrics ?? []).map((m) => m.Dimensions?.find((d) => d.Name === 'StepName')?.Value);
    return [...new Set(names.filter((n) => n !== undefined))].sort();
  });
}
