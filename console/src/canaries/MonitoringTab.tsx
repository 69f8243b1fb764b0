import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { formatDuration } from '../ui/time';
import { percent } from './data';
import { MetricChart } from './MetricChart';
import { useStepNames, type SeriesWanted } from './metrics';
import { RangePicker } from './RangePicker';
import type { TimedTab } from './tab';

const count = (n: number) => n.toLocaleString('en-US', { maximumFractionDigits: 1 });
const half = { colspan: { default: 12, s: 6 } } as const;

/** Every metric that the canary publishes. */
export function MonitoringTab({ canary, range, onRange }: TimedTab) {
  const steps = useStepNames(canary.Name);
  const names = (steps.data ?? []).slice(0, 20);
  const perStep = (metric: string): SeriesWanted[] => names.map((title) => ({ title, metric, stat: 'Average', dimensions: { StepName: title } }));
  const of = { canary: canary.Name, range };
  return (
    <SpaceBetween size="l">
      <Header variant="h2" actions={<RangePicker value={range} onChange={onRange} />}>Monitoring</Header>
      <Grid gridDefinition={Array.from({ length: names.length ? 8 : 6 }, () => half)}>
        <MetricChart {...of} title="Success" description="Average of SuccessPercent" most={100} format={percent} wanted={[{ title: 'Success', metric: 'SuccessPercent', stat: 'Average' }]} />
        <MetricChart {...of} title="Duration" description="Duration of runs" format={formatDuration} wanted={[{ title: 'Average', metric: 'Duration', stat: 'Average' }, { title: 'p90', metric: 'Duration', stat: 'p90' }]} />
        {names.length > 0 && <MetricChart {...of} title="Success by step" description="Average of SuccessPercent" most={100} format={percent} wanted={perStep('SuccessPercent')} />}
        {names.length > 0 && <MetricChart {...of} title="Duration by step" description="Average of Duration" format={formatDuration} wanted={perStep('Duration')} />}
        <MetricChart {...of} title="Responses" description="Answers to requests by status" bars format={count} wanted={['2xx', '4xx', '5xx'].map((metric) => ({ title: metric, metric, stat: 'Sum' }))} />
        <MetricChart {...of} title="Failed requests" description="Requests without an answer" bars format={count} wanted={[{ title: 'Failed requests', metric: 'Failed requests', stat: 'Sum' }]} />
        <MetricChart {...of} title="Runs" description="Number of runs" bars format={count} wanted={[{ title: 'Runs', metric: 'SuccessPercent', stat: 'SampleCount' }]} />
        <MetricChart {...of} title="Retries" description="Runs that were tried again" bars format={count} wanted={[{ title: 'Retries', metric: 'RetryCount', stat: 'Sum' }]} />
      </Grid>
    </SpaceBetween>
  );
}
