import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useState } from 'react';
import type { Artifact } from './artifacts';
import { readChecks, type Assertion, type Check, type Checks } from './checks';
import { useRun } from './context';
import { Pairs } from './EntryDetails';
import { FileState } from './FileState';
import { duration } from './timeline';
import { useFile } from './useRunData';

/** The checks of a multi-checks canary, from MultiChecksReport.json. */
export default function ChecksTab({ file }: { file: Artifact }) {
  const { store } = useRun();
  const query = useFile(store, file, readChecks);
  return <FileState name={file.name} query={query}>{(found) => <Found found={found} />}</FileState>;
}

function Passed({ passed }: { passed: boolean }) {
  return <StatusIndicator type={passed ? 'success' : 'error'}>{passed ? 'Passed' : 'Failed'}</StatusIndicator>;
}

function Found({ found: { checks, skipped } }: { found: Checks }) {
  const [chosen, setChosen] = useState<number>();
  const check = checks.find((c) => c.num === chosen) ?? checks.find((c) => !c.passed) ?? checks[0];
  return (
    <SpaceBetween size="l">
      <Table<Check>
        header={<Header variant="h2" counter={`(${checks.length})`}>Checks</Header>}
        items={checks}
        trackBy={(c) => String(c.num)}
        selectionType="single"
        selectedItems={check ? [check] : []}
        onSelectionChange={(e) => setChosen(e.detail.selectedItems[0]?.num)}
        onRowClick={(e) => setChosen(e.detail.item.num)}
        ariaLabels={{ tableLabel: 'Checks', selectionGroupLabel: 'Check to look at', itemSelectionLabel: (_, c) => c.name }}
        columnDefinitions={[
          { id: 'name', header: 'Check', isRowHeader: true, minWidth: 140, cell: (c) => <span className="run-prose">{c.name}</span> },
          { id: 'result', header: 'Result', minWidth: 110, cell: (c) => <Passed passed={c.passed} /> },
          { id: 'kind', header: 'Type', cell: (c) => c.kind },
          { id: 'target', header: 'Target', minWidth: 200, cell: (c) => <span className="run-prose">{c.target}</span> },
          { id: 'took', header: 'Duration', cell: (c) => duration(c.took) },
        ]}
      />
      {skipped.length > 0 ? <Alert type="info">Not executed after the failure: {skipped.join(', ')}</Alert> : null}
      {check ? <Details check={check} /> : null}
    </SpaceBetween>
  );
}

function Details({ check: c }: { check: Check }) {
  return (
    <Container header={<Header variant="h2" description={<span className="run-prose">{c.kind} {c.target}</span>} info={<Passed passed={c.passed} />}>{c.name}</Header>}>
      <SpaceBetween size="m">
        {c.reason ? <Box color="text-status-error"><span className="run-prose">{c.reason}</span></Box> : null}
        <Table<Assertion>
          variant="embedded"
          header={<Header variant="h3" counter={`(${c.assertions.length})`}>Assertions</Header>}
          items={c.assertions}
          empty={<Box textAlign="center" color="inherit">The check asserts nothing.</Box>}
          ariaLabels={{ tableLabel: 'Assertions' }}
          columnDefinitions={[
            { id: 'what', header: 'Assertion', isRowHeader: true, minWidth: 160, cell: (a) => <span className="run-prose">{a.what}</span> },
            { id: 'expected', header: 'Expected', cell: (a) => <span className="run-prose">{a.expected}</span> },
            { id: 'actual', header: 'Found', cell: (a) => <span className="run-prose">{a.actual}</span> },
            { id: 'passed', header: 'Result', minWidth: 110, cell: (a) => <Passed passed={a.passed} /> },
          ]}
        />
        {c.details.length > 0 ? <Pairs title="Found" pairs={c.details} /> : null}
        {c.extracted.length > 0 ? <Box>Variables that were set: {c.extracted.join(', ')}</Box> : null}
      </SpaceBetween>
    </Container>
  );
}
