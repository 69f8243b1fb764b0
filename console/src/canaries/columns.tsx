import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import type { TableProps } from '@cloudscape-design/components/table';
import type { CanaryRun } from '../aws/model';
import { RouteLink } from '../ui/RouteLink';
import { routes } from '../ui/routes';
import { formatAgo, formatTime } from '../ui/time';
import { percent, type CanaryRow } from './data';
import { RunStrip } from './RunStrip';
import { scheduleText } from './schedule';
import { ResultIndicator, resultText, StateIndicator, stateText } from './status';

type Column = TableProps.ColumnDefinition<FilterableRow>;

const name = (row: CanaryRow) => row.canary.Name;
const time = (t: Date | undefined) => t?.getTime() ?? 0;
const by = <T extends string | number>(value: (row: CanaryRow) => T) => (a: CanaryRow, b: CanaryRow) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0);

// Comparators are made once: the table knows a column by its comparator.
const order = {
  name: by(name),
  state: by((r) => stateText(r.canary.Status?.State)),
  last: by((r) => resultText(r.last)),
  when: by((r) => time(r.last?.Timeline.Started)),
  schedule: by((r) => scheduleText(r.canary.Schedule?.Expression)),
  runtime: by((r) => r.canary.RuntimeVersion ?? ''),
  modified: by((r) => time(r.canary.Timeline?.LastModified)),
};

/** The columns of the list. Strips and success come later than the rest. */
export function columns(strips: Map<string, CanaryRun[]> | undefined, success: Map<string, number> | undefined): Column[] {
  return [
    { id: 'name', header: 'Name', cell: (row) => <RouteLink to={routes.canary(name(row))}>{name(row)}</RouteLink>, sortingComparator: order.name, isRowHeader: true, minWidth: 140, width: 170 },
    { id: 'state', header: 'State', cell: (row) => <StateIndicator canary={row.canary} />, sortingComparator: order.state, minWidth: 110, width: 120 },
    { id: 'last', header: 'Last result', cell: lastResult, sortingComparator: order.last, minWidth: 130, width: 145 },
    { id: 'runs', header: 'Recent runs', cell: (row) => <RunStrip canary={name(row)} runs={strips?.get(name(row))} />, minWidth: 205, width: 205 },
    { id: 'success', header: 'Success (24 h)', cell: (row) => percent(success?.get(name(row))), minWidth: 130, width: 140 },
    { id: 'when', header: 'Last run', cell: (row) => <span title={formatTime(row.last?.Timeline.Started)}>{formatAgo(row.last?.Timeline.Started)}</span>, sortingComparator: order.when, minWidth: 130, width: 155 },
    { id: 'schedule', header: 'Schedule', cell: (row) => scheduleText(row.canary.Schedule?.Expression), sortingComparator: order.schedule, minWidth: 120, width: 150 },
    { id: 'runtime', header: 'Runtime', cell: (row) => row.canary.RuntimeVersion ?? '-', sortingComparator: order.runtime, minWidth: 170, width: 230 },
    { id: 'modified', header: 'Last modified', cell: (row) => formatTime(row.canary.Timeline?.LastModified), sortingComparator: order.modified, minWidth: 170, width: 280 },
  ];
}

function lastResult(row: CanaryRow) {
  if (!row.last) return <ResultIndicator run={undefined} />;
  return <RouteLink to={routes.run(name(row), row.last.Id)} ariaLabel={`Last run of ${name(row)}: ${resultText(row.last)}`}><ResultIndicator run={row.last} /></RouteLink>;
}

const property = (key: string, propertyLabel: string, groupValuesLabel: string) => ({ key, propertyLabel, groupValuesLabel, operators: ['=', '!=', ':', '!:'] as PropertyFilterProps.ComparisonOperator[] });

/** What the list can be filtered by: properties that useCollection finds in rows. */
export const filteringProperties = [
  property('name', 'Name', 'Names'),
  property('state', 'State', 'States'),
  property('result', 'Last result', 'Results'),
  property('schedule', 'Schedule', 'Schedules'),
  property('runtime', 'Runtime', 'Runtimes'),
  property('tags', 'Tag', 'Tags'),
];

/** A row with the values to filter by. */
export interface FilterableRow extends CanaryRow {
  name: string;
  state: string;
  result: string;
  schedule: string;
  runtime: string;
  tags: string;
}

export function filterable(row: CanaryRow): FilterableRow {
  const { canary, last } = row;
  return {
    ...row,
    name: canary.Name,
    state: stateText(canary.Status?.State),
    result: resultText(last),
    schedule: scheduleText(canary.Schedule?.Expression),
    runtime: canary.RuntimeVersion ?? '',
    tags: Object.entries(canary.Tags ?? {}).map(([k, v]) => `${k}=${v}`).join(' '),
  };
}
