import { useCollection } from '@cloudscape-design/collection-hooks';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import CollectionPreferences from '@cloudscape-design/components/collection-preferences';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useMemo, useState } from 'react';
import { formatTime } from '../ui/time';
import { useStored } from '../ui/useStored';
import { runColumns } from './runcolumns';
import { resultText } from './status';
import type { TimedTab } from './tab';
import './runs.css';

const results = ['All results', 'Passed', 'Failed', 'Running'].map((label) => ({ value: label, label }));

/** Every run that is kept, with filters. */
export function RunsTab({ canary, runs }: TimedTab) {
  const [result, setResult] = useState(results[0]!);
  const [preferences, setPreferences] = useStored('nephele.runs', { pageSize: 20, wrapLines: true });
  const columns = useMemo(() => runColumns(canary.Name), [canary.Name]);
  const all = runs.data ?? [];
  const { items, collectionProps, filterProps, paginationProps, filteredItemsCount, actions } = useCollection(all, {
    filtering: {
      filteringFunction: (run, text) => {
        if (result !== results[0] && resultText(run) !== result.value) return false;
        const words = [formatTime(run.Timeline.Started), run.Id, run.Status.StateReason ?? '', run.BrowserType ?? ''];
        return words.some((w) => w.toLowerCase().includes(text.toLowerCase()));
      },
      empty: <Box textAlign="center" color="inherit" padding="s"><b>No runs</b><Box variant="p" color="inherit">The canary has not run yet.</Box></Box>,
      noMatch: <NoMatch onClear={() => { actions.setFiltering(''); setResult(results[0]!); }} />,
    },
    pagination: { pageSize: preferences.pageSize },
    sorting: { defaultState: { sortingColumn: columns[0]!, isDescending: true } },
  });
  const filtering = result !== results[0] || filterProps.filteringText !== '';
  return (
    <Table
      {...collectionProps}
      items={items}
      trackBy="Id"
      loading={runs.loading}
      loadingText="Loading runs"
      columnDefinitions={columns}
      resizableColumns
      wrapLines={preferences.wrapLines}
      ariaLabels={{ tableLabel: 'Runs' }}
      header={<Header variant="h2" counter={runs.data && `(${all.length})`} actions={<Button iconName="refresh" ariaLabel="Refresh runs" onClick={() => void runs.refresh()} />}>Runs</Header>}
      filter={
        <div className="run-filters">
          <TextFilter {...filterProps} filteringPlaceholder="Find runs" filteringAriaLabel="Find runs" countText={filtering ? `${filteredItemsCount} ${filteredItemsCount === 1 ? 'match' : 'matches'}` : undefined} />
          <Select
            options={results}
            selectedOption={result}
            onChange={(e) => setResult(results.find((r) => r.value === e.detail.selectedOption.value)!)}
            ariaLabel="Result"
          />
        </div>
      }
      pagination={<Pagination {...paginationProps} ariaLabels={{ nextPageLabel: 'Next page', previousPageLabel: 'Previous page', pageLabel: (n) => `Page ${n}` }} />}
      preferences={
        <CollectionPreferences
          title="Preferences" confirmLabel="Confirm" cancelLabel="Cancel"
          preferences={preferences}
          onConfirm={(e) => setPreferences({ pageSize: e.detail.pageSize ?? 20, wrapLines: e.detail.wrapLines ?? true })}
          pageSizePreference={{ title: 'Page size', options: [20, 50, 100].map((n) => ({ value: n, label: `${n} runs` })) }}
          wrapLinesPreference={{ label: 'Wrap lines', description: 'Shows all of the text in each cell' }}
        />
      }
    />
  );
}

function NoMatch({ onClear }: { onClear(): void }) {
  return (
    <Box textAlign="center" color="inherit" padding="s">
      <SpaceBetween size="m"><b>No run matches</b><Button onClick={onClear}>Clear filter</Button></SpaceBetween>
    </Box>
  );
}
