import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import Box from '@cloudscape-design/components/box';
import { formatDuration } from '../ui/time';
import { percent } from './data';
import { MetricChart } from './MetricChart';
import { RangePicker } from './RangePicker';
import { resolve } from './range';
import { runColumns } from './runcolumns';
import type { TimedTab } from './tab';

/** Whether the site works, how fast it is, and what failed last. */
export function AvailabilityTab({ canary, runs, range, onRange }: TimedTab) {
  const { from, to } = resolve(range, new Date());
  const failed = (runs.data ?? []).filter((r) => r.Status.State === 'FAILED' && r.Timeline.Started && r.Timeline.Started >= from && r.Timeline.Started <= to);
  const columns = runColumns(canary.Name)
    .filter((c) => ['started', 'duration', 'reason'].includes(c.id!))
    .map((c) => ({ ...c, sortingComparator: undefined }));
  return (
    <SpaceBetween size="l">
      <Header variant="h2" actions={<RangePicker value={range} onChange={onRange} />}>Availability</Header>
      <Grid gridDefinition={[{ colspan: { default: 12, s: 6 } }, { colspan: { default: 12, s: 6 } }]}>
        <MetricChart
          canary={canary.Name} range={range} title="Availability" description="Percent of runs that passed" most={100} format={percent}
          wanted={[{ title: 'Availability', metric: 'SuccessPercent', stat: 'Average' }]}
        />
        <MetricChart
          canary={canary.Name} range={range} title="Duration" description="Time that runs took" format={formatDuration}
          wanted={[{ title: 'Average', metric: 'Duration', stat: 'Average' }, { title: 'Longest', metric: 'Duration', stat: 'Maximum' }]}
        />
      </Grid>
        <Table
          items={failed.slice(0, 10)}
          trackBy="Id"
          loading={runs.loading}
          loadingText="Loading runs"
          columnDefinitions={columns}
          ariaLabels={{ tableLabel: 'Failed runs' }}
          header={<Header variant="h3" counter={runs.data && `(${failed.length})`} description="The newest runs that failed in this time">Failed runs</Header>}
          empty={<Box textAlign="center" color="inherit" padding="s"><b>No failed runs</b></Box>}
        />
    </SpaceBetween>
  );
}
