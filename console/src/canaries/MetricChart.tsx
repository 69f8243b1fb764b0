import Box from '@cloudscape-design/components/box';
import BarChart from '@cloudscape-design/components/bar-chart';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import LineChart from '@cloudscape-design/components/line-chart';
import type { MixedLineBarChartProps } from '@cloudscape-design/components/mixed-line-bar-chart';
import { tell } from '../aws/errors';
import { useMetrics, type Series, type SeriesWanted } from './metrics';
import type { Range } from './range';

interface MetricChartProps {
  canary: string;
  title: string;
  description?: string;
  wanted: SeriesWanted[];
  range: Range;
  /** Writes a value with its unit. */
  format(value: number): string;
  /** The top of the chart; by default the highest value. */
  most?: number;
  bars?: boolean;
}

const day = 24 * 3600_000;
const clock = new Intl.DateTimeFormat('en-US', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const date = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric' });

/** Metrics of a canary over time. */
export function MetricChart({ canary, title, description, wanted, range, format, most, bars }: MetricChartProps) {
  const query = useMetrics(canary, wanted, range, bars ? 36 : 200);
  const { from = new Date(0), to = new Date(1), series = [], period = 60 } = query.data ?? {};
  const none = series.every((s) => s.data.length === 0);
  const highest = Math.max(0, ...series.flatMap((s) => s.data.map((p) => p.y)));
  const common = {
    height: 200,
    hideFilter: true,
    hideLegend: series.length < 2,
    yDomain: [0, most ?? (highest || 1)] as [number, number],
    yTitle: undefined,
    statusType: statusOf(query.data !== undefined, query.error),
    ariaLabel: `${title} of ${canary}`,
    detailPopoverSize: 'medium' as const,
    i18nStrings: {
      xTickFormatter: (x: Date) => (to.getTime() - from.getTime() > day ? `${date.format(x)}\n${clock.format(x)}` : clock.format(x)),
      yTickFormatter: format,
    },
    empty: <Box textAlign="center" color="inherit"><b>No data</b><Box variant="p" color="inherit">Nothing was measured in this time.</Box></Box>,
    errorText: query.error === undefined ? undefined : `The metrics could not be loaded: ${tell(query.error).message}`,
    recoveryText: 'Retry',
    onRecoveryClick: () => void query.refresh(),
    loadingText: 'Loading',
  };
  const shown = none ? [] : series;
  return (
    <Container header={<Header variant="h3" description={description}>{title}</Header>} fitHeight>
      {bars ? (
        <BarChart {...common} stackedBars series={bucketed(shown, format)} xScaleType="categorical" xDomain={buckets(from, to, period)} />
      ) : (
        <LineChart {...common} series={lines(shown, format, from, to)} xScaleType="time" xDomain={[from, to]} />
      )}
    </Container>
  );
}

function statusOf(loaded: boolean, error: unknown): 'finished' | 'loading' | 'error' {
  if (loaded) return 'finished';
  return error === undefined ? 'loading' : 'error';
}

type LineSeries = MixedLineBarChartProps.LineDataSeries<Date>;
type BarSeries = MixedLineBarChartProps.BarDataSeries<Date>;

function lines(series: Series[], format: (v: number) => string, from: Date, to: Date): LineSeries[] {
  const dash = (to.getTime() - from.getTime()) / 60;
  return series.map((s) => ({ type: 'line', title: s.title, data: visible(s.data, dash), valueFormatter: format }));
}

/** A single point is no line: it becomes a dash of that many milliseconds. */
function visible(data: Series['data'], dash: number): Series['data'] {
  const [only] = data;
  if (!only || data.length > 1) return data;
  return [{ x: new Date(only.x.getTime() - dash), y: only.y }, only];
}

function bucketed(series: Series[], format: (v: number) => string): BarSeries[] {
  return series.map((s) => ({ type: 'bar', title: s.title, data: s.data, valueFormatter: format }));
}

/** The beginnings of the periods of a range. */
function buckets(from: Date, to: Date, period: number): Date[] {
  const all: Date[] = [];
  const step = period * 1000;
  for (let t = Math.floor(from.getTime() / step) * step; t < to.getTime() && all.length < 300; t += step) all.push(new Date(t));
  return all;
}
