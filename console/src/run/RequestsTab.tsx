import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { Artifact } from './artifacts';
import { useRun } from './context';
import { Pairs } from './EntryDetails';
import { FileState } from './FileState';
import { readRequests, type HttpRequest } from './requests';
import type { Step } from './report';
import { bar, duration } from './timeline';
import { useFile } from './useRunData';

/** The requests of an API canary, from HttpRequestsReport.json. */
export default function RequestsTab({ file }: { file: Artifact }) {
  const { store, report } = useRun();
  const query = useFile(store, file, readRequests);
  const step = (r: HttpRequest) => report?.steps.find((s) => s.request === r.num);
  return (
    <FileState name={file.name} query={query}>
      {(requests) => {
        const longest = requests.reduce((max, r) => Math.max(max, r.total || r.firstByte || 0), 1);
        return (
          <Container header={<Header variant="h2" counter={`(${requests.length})`}>HTTP requests</Header>}>
            {requests.length === 0 ? <Box color="text-body-secondary">The script made no requests with executeHttpStep.</Box> : null}
            {requests.map((r) => <Request key={r.num} request={r} step={step(r)} longest={longest} />)}
          </Container>
        );
      }}
    </FileState>
  );
}

function Request({ request: r, step, longest }: { request: HttpRequest; step?: Step; longest: number }) {
  const failed = step ? step.status !== 'PASSED' : r.status === 0 || r.status >= 400;
  const end = r.total || r.firstByte;
  return (
    <ExpandableSection
      headerText={step?.name ?? `Request ${r.num}`}
      headerDescription={`${r.method} ${r.url}`}
      headerInfo={<StatusIndicator type={failed ? 'error' : 'success'} iconAriaLabel={failed ? 'Failed' : 'Passed'}>{r.status || 'No answer'} {r.statusText}{Number.isFinite(end) ? `, ${duration(end)}` : ''}</StatusIndicator>}
      defaultExpanded={failed}
    >
      {step?.reason || r.error ? <StatusIndicator type="error"><span className="run-prose">{step?.reason || r.error}</span></StatusIndicator> : null}
      {Number.isFinite(end) ? <Timing request={r} longest={longest} /> : null}
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
    </ExpandableSection>
  );
}

/** Waiting for the first byte, then receiving, on the scale of the longest. */
function Timing({ request: r, longest }: { request: HttpRequest; longest: number }) {
  const first = Number.isFinite(r.firstByte) ? r.firstByte : 0;
  const spans = [{ phase: 'wait', from: 0, to: first }, { phase: 'receive', from: first, to: Number.isFinite(r.total) ? r.total : first }];
  return (
    <div className="run-timings">
      <div>
        <span>{Number.isFinite(r.firstByte) ? `First byte ${duration(r.firstByte)}` : ''}</span>
        <span className="run-timings-track" aria-hidden="true">
          {spans.map((s) => {
            const { left, width } = bar(0, longest, s.from, s.to);
            return <span key={s.phase} data-phase={s.phase} style={{ left: `${left * 100}%`, width: `${width * 100}%` }} />;
          })}
        </span>
        <span>{Number.isFinite(r.total) ? `Total ${duration(r.total)}` : ''}</span>
      </div>
    </div>
  );
}
