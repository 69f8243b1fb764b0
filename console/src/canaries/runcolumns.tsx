import type { TableProps } from '@cloudscape-design/components/table';
import type { CanaryRun } from '../aws/model';
import { RouteLink } from '../ui/RouteLink';
import { routes } from '../ui/routes';
import { between, formatDuration, formatTime } from '../ui/time';
import { ResultIndicator, resultText } from './status';

type Column = TableProps.ColumnDefinition<CanaryRun>;

const started = (r: CanaryRun) => r.Timeline.Started?.getTime() ?? 0;
const duration = (r: CanaryRun) => between(r.Timeline.Started, r.Timeline.Completed);
const order = {
  started: (a: CanaryRun, b: CanaryRun) => started(a) - started(b),
  duration: (a: CanaryRun, b: CanaryRun) => (duration(a) ?? 0) - (duration(b) ?? 0),
  result: (a: CanaryRun, b: CanaryRun) => resultText(a).localeCompare(resultText(b)),
};

const browsers = { CHROME: 'Chrome', FIREFOX: 'Firefox' } as const;

/** Why a run failed, in one line. */
export function reason(run: CanaryRun): string {
  return run.Status.StateReason || '-';
}

/** The columns of a table of runs. */
export function runColumns(canary: string): Column[] {
  return [
    { id: 'started', header: 'Run', cell: (r) => <RouteLink to={routes.run(canary, r.Id)}>{formatTime(r.Timeline.Started)}</RouteLink>, sortingComparator: order.started, isRowHeader: true, minWidth: 250 },
    { id: 'result', header: 'Result', cell: (r) => <ResultIndicator run={r} />, sortingComparator: order.result, minWidth: 110 },
    { id: 'duration', header: 'Duration', cell: (r) => formatDuration(duration(r)), sortingComparator: order.duration, minWidth: 110 },
    { id: 'kind', header: 'Kind', cell: kind, minWidth: 110 },
    { id: 'browser', header: 'Browser', cell: (r) => (r.BrowserType ? browsers[r.BrowserType] : '-'), minWidth: 110 },
    { id: 'reason', header: 'Reason', cell: reason, minWidth: 250 },
    { id: 'id', header: 'ID', cell: (r) => r.Id, minWidth: 310 },
  ];
}

function kind(run: CanaryRun): string {
  if (run.DryRunConfig?.DryRunId) return 'Dry run';
  return run.RetryAttempt ? `Retry ${run.RetryAttempt}` : 'Scheduled';
}
