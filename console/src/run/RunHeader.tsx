import Alert from '@cloudscape-design/components/alert';
import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import type { CanaryRun } from '../aws/model';
import { RouteLink } from '../ui/RouteLink';
import { routes } from '../ui/routes';
import { between, formatTime } from '../ui/time';
import { useRun } from './context';
import type { Report } from './report';
import { duration } from './timeline';
import type { Found } from './useRunData';

/** What the API knows of the run, and the ways to the runs around it. */
export function RunHeader({ found, onRefresh, busy }: { found: Found; onRefresh: () => void; busy: boolean }) {
  const navigate = useNavigate();
  const { canary, run, report } = useRun();
  const go = (r: CanaryRun | undefined) => r && void navigate(routes.run(canary.Name, r.Id) + location.search);
  return (
    <SpaceBetween size="m">
      <Header
        variant="h1"
        description={`Run ${run.Id}`}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="angle-left" onClick={() => go(found.older)} disabled={!found.older}>Previous run</Button>
            <Button iconName="angle-right" iconAlign="right" onClick={() => go(found.newer)} disabled={!found.newer}>Next run</Button>
            <Button iconName="refresh" ariaLabel="Refresh" onClick={onRefresh} loading={busy && run.Status.State !== 'RUNNING'} />
          </SpaceBetween>
        }
      >
        {canary.Name} {run.DryRunConfig ? <Badge color="blue">Dry run</Badge> : null} {run.RetryAttempt ? <Badge color="grey">Retry {run.RetryAttempt}</Badge> : null}
      </Header>
      {run.Status.State === 'FAILED' && run.Status.StateReason ? (
        <Alert type={run.Status.StateReasonCode === 'EXECUTION_FAILURE' ? 'warning' : 'error'} header={run.Status.StateReasonCode === 'EXECUTION_FAILURE' ? 'The run could not be carried out properly' : 'The canary failed'}>
          <span className="run-prose">{run.Status.StateReason}</span>
        </Alert>
      ) : null}
      <Container>
        <KeyValuePairs
          columns={4}
          items={[
            { label: 'Status', value: <RunStatus run={run} /> },
            { label: 'Duration', value: <Elapsed run={run} script={report ? report.scriptEnd - report.scriptStart : NaN} /> },
            { label: 'Started', value: formatTime(run.Timeline.Started) },
            { label: 'Completed', value: formatTime(run.Timeline.Completed) },
            { label: 'Browser', value: run.BrowserType ? browserName(run.BrowserType) : canary.RuntimeVersion?.startsWith('syn-nodejs-p') ? 'Chrome' : '-' },
            { label: 'Runtime version', value: canary.RuntimeVersion ?? '-' },
            { label: 'Artifacts', value: <Place run={run} /> },
            { label: 'Requests', value: report ? <Requests n={report.requests} /> : '-' },
            ...(found.siblings.length > 1 ? [{ label: 'Attempts and browsers', value: <Siblings found={found} name={canary.Name} /> }] : []),
          ]}
        />
      </Container>
    </SpaceBetween>
  );
}

const browserName = (b: string) => b[0] + b.slice(1).toLowerCase();

export function RunStatus({ run }: { run: CanaryRun }) {
  const types: Record<string, [StatusIndicatorProps.Type, string]> = { PASSED: ['success', 'Passed'], FAILED: ['error', 'Failed'], RUNNING: ['in-progress', 'Running'] };
  const [type, text] = types[run.Status.State] ?? ['info', run.Status.State];
  // The script passed, but the run around it did not: both are of interest.
  const passed = run.Status.State === 'FAILED' && run.Status.TestResult === 'PASSED';
  return (
    <>
      <StatusIndicator type={type}>{text}</StatusIndicator>
      {passed ? <Box fontSize="body-s" color="text-body-secondary">Test result: passed</Box> : null}
    </>
  );
}

/** How long the run took, or takes so far. */
function Elapsed({ run, script }: { run: CanaryRun; script: number }) {
  const running = run.Status.State === 'RUNNING';
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  const ms = between(run.Timeline.Started, running ? new Date(now) : run.Timeline.Completed);
  return (
    <>
      {ms === undefined ? '-' : duration(Math.max(0, ms))}
      {Number.isFinite(script) ? <Box fontSize="body-s" color="text-body-secondary">Script: {duration(script)}</Box> : null}
    </>
  );
}

function Place({ run }: { run: CanaryRun }) {
  if (!run.ArtifactS3Location) return <>-</>;
  const uri = `s3://${run.ArtifactS3Location.replace(/^s3:\/\//, '')}`;
  return (
    <span className="run-prose">
      <CopyToClipboard variant="inline" textToCopy={uri} copyButtonAriaLabel="Copy the location of the artifacts" copySuccessText="Location copied" copyErrorText="The location was not copied" />
    </span>
  );
}

/** How the requests of the run were answered. */
function Requests({ n }: { n: Report['requests'] }) {
  const parts = ([[n.ok, '2xx'], [n.redirects, '3xx'], [n.client, '4xx'], [n.server, '5xx'], [n.failed, 'failed']] as const).filter(([count]) => count > 0);
  return <>{parts.length > 0 ? parts.map(([count, what]) => `${what}: ${count}`).join(', ') : 'None'}</>;
}

function Siblings({ found, name }: { found: Found; name: string }) {
  const label = (r: CanaryRun) => [r.RetryAttempt ? `Retry ${r.RetryAttempt}` : 'First attempt', r.BrowserType && browserName(r.BrowserType)].filter(Boolean).join(', ');
  return (
    <SpaceBetween size="xxxs">
      {found.siblings.map((r) => (
        <StatusIndicator key={r.Id} type={r.Status.State === 'PASSED' ? 'success' : r.Status.State === 'FAILED' ? 'error' : 'in-progress'}>
          {r.Id === found.run?.Id ? `${label(r)} (this run)` : <RouteLink to={routes.run(name, r.Id)}>{label(r)}</RouteLink>}
        </StatusIndicator>
      ))}
    </SpaceBetween>
  );
}
