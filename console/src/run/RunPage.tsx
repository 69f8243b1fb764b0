import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Spinner from '@cloudscape-design/components/spinner';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs, { type TabsProps } from '@cloudscape-design/components/tabs';
import { lazy, Suspense, type ReactNode } from 'react';
import { useParams, useSearchParams } from 'react-router';
import type { CanaryRun } from '../aws/model';
import { usePage } from '../shell/page';
import { ErrorAlert } from '../ui/ErrorAlert';
import { RouteLink } from '../ui/RouteLink';
import { routes } from '../ui/routes';
import { formatShort } from '../ui/time';
import type { Artifact } from './artifacts';
import { RunProvider, type RunData } from './context';
import { allShots, type Report } from './report';
import { RunHeader } from './RunHeader';
import { useCanary, useFiles, useFound, useReport, useStore } from './useRunData';
import './run.css';
import './steps.css';
import './waterfall.css';

const StepsTab = lazy(() => import('./StepsTab'));
const WaterfallTab = lazy(() => import('./WaterfallTab'));
const LogsTab = lazy(() => import('./LogsTab'));
const VisualTab = lazy(() => import('./VisualTab'));
const FilesTab = lazy(() => import('./FilesTab'));
const RequestsTab = lazy(() => import('./RequestsTab'));
const LinksTab = lazy(() => import('./LinksTab'));
const ChecksTab = lazy(() => import('./ChecksTab'));

export default function RunPage() {
  const { name = '', runId = '' } = useParams();
  const found = useFound(name, runId);
  const canary = useCanary(name);
  const run = found.data?.run;
  const store = useStore(run);
  const files = useFiles(store, run);
  const list = files.data?.files ?? none;
  const report = useReport(store, list);
  usePage({
    title: `Run ${runId}`,
    breadcrumbs: [{ text: 'Canaries', route: routes.canaries }, { text: name, route: routes.canary(name) }, { text: run ? `Run of ${formatShort(run.Timeline.Started)}` : 'Run' }],
  });

  const error = canary.error ?? found.error;
  if (error && !(canary.data && run)) {
    return <ErrorAlert header="The run cannot be loaded" error={error} onRetry={() => void Promise.all([canary.refresh(), found.refresh()])} />;
  }
  if (found.data && !run) return <Missing name={name} id={runId} />;
  if (!run || !canary.data) return <Box textAlign="center" padding="xxl"><Spinner size="large" /> Loading the run</Box>;

  const data: RunData = { canary: canary.data, run, store, files: list, report: report.data?.value, refreshCanary: canary.refresh };
  return (
    <RunProvider value={data}>
      <SpaceBetween size="l">
        <RunHeader found={found.data!} onRefresh={() => void Promise.all([found.refresh(), files.refresh()])} busy={found.busy || files.busy} />
        {files.error ? <ErrorAlert header="The artifacts cannot be listed" error={files.error} onRetry={() => void files.refresh()} /> : null}
        {files.data?.more ? <Alert type="info">This run left more files than are listed here.</Alert> : null}
        {report.data?.problem ? <Alert type="warning" header="The report of this run cannot be read">{report.data.problem}</Alert> : null}
        {report.error ? <ErrorAlert header="The report of this run cannot be loaded" error={report.error} onRetry={() => void report.refresh()} /> : null}
        <RunTabs key={runId} run={run} files={list} report={report.data?.value} loading={store !== undefined && (files.loading || report.loading)} />
      </SpaceBetween>
    </RunProvider>
  );
}

const none: Artifact[] = [];

function Missing({ name, id }: { name: string; id: string }) {
  return (
    <Alert type="warning" header="There is no such run">
      Canary <RouteLink to={routes.canary(name)}>{name}</RouteLink> has no run {id}. It may have been deleted at the end of its retention period.
    </Alert>
  );
}

/** The tabs that this run has something for. The chosen one is in the address. */
function RunTabs({ run, files, report, loading }: { run: CanaryRun; files: Artifact[]; report?: Report; loading: boolean }) {
  const [query, setQuery] = useSearchParams();
  const file = (name: string) => files.find((f) => f.name === name);
  const har = file('results.har');
  const requests = file('HttpRequestsReport.json');
  const links = file('BrokenLinkCheckerReport.json');
  const checks = file('MultiChecksReport.json');
  const differing = report ? allShots(report).filter((s) => s.visual && s.visual.status !== 'PASSED').length : 0;

  const tab = (id: string, label: string, content: ReactNode, badge?: ReactNode): TabsProps.Tab => ({
    id, label: badge ? <>{label} {badge}</> : label,
    content: <Suspense fallback={<Box padding="l"><Spinner /> Loading</Box>}>{content}</Suspense>,
  });
  const tabs = [
    tab('steps', 'Steps', <StepsTab loading={loading} />),
    ...(checks ? [tab('checks', 'Checks', <ChecksTab file={checks} />)] : []),
    ...(requests ? [tab('requests', 'HTTP requests', <RequestsTab file={requests} />)] : []),
    ...(links ? [tab('links', 'Links', <LinksTab file={links} />)] : []),
    ...(har || !(requests || checks) ? [tab('waterfall', 'Waterfall', <WaterfallTab file={har} loading={loading} />)] : []),
    tab('logs', 'Logs', <LogsTab key={run.Status.State} />),
    tab('visual', 'Visual differences', <VisualTab loading={loading} />, differing > 0 ? `(${differing})` : undefined),
    tab('files', 'Files', <FilesTab loading={loading} />, files.length > 0 ? `(${files.length})` : undefined),
  ];
  const wanted = query.get('tab');
  return (
    <Tabs
      ariaLabel="Parts of the run"
      activeTabId={tabs.some((t) => t.id === wanted) ? wanted! : 'steps'}
      onChange={(e) => setQuery((q) => {
        const next = new URLSearchParams(q);
        next.set('tab', e.detail.activeTabId);
        return next;
      }, { replace: true })}
      tabs={tabs}
    />
  );
}
