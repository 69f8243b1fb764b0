import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useState } from 'react';
import type { Artifact } from './artifacts';
import { useRun } from './context';
import { Pairs } from './EntryDetails';
import { FileState } from './FileState';
import { PHASE_LABELS } from './har';
import type { Step } from './report';
import { readRequests, type HttpRequest } from './requests';
import { bar, duration } from './timeline';
import { useFile } from './useRunData';

interface Row {
  request: HttpRequest;
  step?: Step;
  failed: boolean;
}

/** The requests of an API canary, from HttpRequestsReport.json. */
export default function RequestsTab({ file }: { file: Artifact }) {
  const { store, report } = useRun();
  const query = useFile(store, file, readRequests);
  return (
    <FileState name={file.name} query={query}>
      {(requests) => {
        const rows = requests.map((request): Row => {
          const step = report?.steps.find((s) => s.request === request.num);
          return { request, step, failed: step ? step.status !== 'PASSED' : request.status === 0 || request.status >= 400 };
        });
        return <Requests rows={rows} />;
      }}
    </FileState>
  );
}

const nameOf = (r: HttpRequest, step?: Step) => step?.name || r.step || `Request ${r.num}`;

function Requests({ rows }: { rows: Row[] }) {
  const [chosen, setChosen] = useState<number>();
  const row = rows.find((r) => r.request.num === chosen) ?? rows.find((r) => r.failed) ?? rows[0];
  const longest = rows.reduce((max, r) => Math.max(max, r.request.total || 0), 1);
  return (
    <SpaceBetween size="l">
      <Table<Row>
        header={<Header variant="h2" counter={`(${rows.length})`}>HTTP requests</Header>}
        items={rows}
        trackBy={(r) => String(r.request.num)}
        selectionType="single"
        selectedItems={row ? [row] : []}
        onSelectionChange={(e) => setChosen(e.detail.selectedItems[0]?.request.num)}
        onRowClick={(e) => setChosen(e.detail.item.request.num)}
        ariaLabels={{ tableLabel: 'HTTP requests', selectionGroupLabel: 'Request to look at', itemSelectionLabel: (_, r) => nameOf(r.request, r.step) }}
        empty={<Box textAlign="center" color="inherit">The script made no requests with executeHttpStep.</Box>}
        columnDefinitions={[
          { id: 'step', header: 'Step', isRowHeader: true, cell: ({ request: r, step, failed }) => <StatusIndicator type={failed ? 'error' : 'success'} iconAriaLabel={failed ? 'Failed' : 'Passed'}>{nameOf(r, step)}</StatusIndicator> },
          { id: 'url', header: 'Request', minWidth: 220, cell: ({ request: r }) => <span className="run-prose">{r.method} {r.url}</span> },
          { id: 'status', header: 'Answer', cell: ({ request: r }) => (r.status ? `${r.status} ${r.statusText}` : 'None') },
          { id: 'time', header: 'Time', minWidth: 190, cell: ({ request }) => <Timing request={request} longest={longest} /> },
        ]}
      />
      {row ? <Details row={row} /> : null}
    </SpaceBetween>
  );
}

/** The parts of the request on the scale of the longest. */
function Timing({ request: r, longest }: { request: HttpRequest; longest: number }) {
  if (!Number.isFinite(r.total)) return <>-</>;
  return (
    <span className="run-time">
      <span className="run-timings-track" aria-hidden="true">
        {r.phases.map((p, i) => {
          const from = r.phases.slice(0, i).reduce((sum, x) => sum + x.ms, 0);
          const { left, width } = bar(0, longest, from, from + p.ms);
          return <span key={p.name} data-phase={p.name} style={{ left: `${left * 100}%`, width: `${width * 100}%` }} />;
        })}
      </span>
      <span>{duration(r.total)}</span>
    </span>
  );
}

function Details({ row: { request: r, step, failed } }: { row: Row }) {
  const reason = step?.reason || r.error;
  const timings = [...r.phases.map((p) => `${PHASE_LABELS[p.name]} ${duration(p.ms)}`), ...(Number.isFinite(r.total) ? [`total ${duration(r.total)}`] : [])];
  return (
    <Container header={<Header variant="h2" description={<span className="run-prose">{r.method} {r.url}</span>}>{nameOf(r, step)}</Header>}>
      <StatusIndicator type={failed ? 'error' : 'success'}>
        <span className="run-prose">{failed ? reason || 'Failed' : 'Passed'}</span>
      </StatusIndicator>
      <Box color="text-body-secondary" padding={{ bottom: 's' }}>
        {r.status ? `${r.status} ${r.statusText}` : 'No answer'}{timings.length > 0 ? `. ${timings.join(', ')}` : ''}
      </Box>
      <div className="run-two">
        <div>
          <Pairs title="Request headers" pairs={r.requestHeaders} />
          {r.requestBody ? <pre className="run-code" tabIndex={0} aria-label="Request body">{r.requestBody}</pre> : null}
        </div>
        <div>
          <Pairs title="Response headers" pairs={r.responseHeaders} />
          {r.responseBody ? <pre className="run-code" tabIndex={0} aria-label="Response body">{r.responseBody}</pre> : null}
        </div>
      </div>
    </Container>
  );
}
