import { GetLogEventsCommand, type CloudWatchLogsClient, type OutputLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Header from '@cloudscape-design/components/header';
import Multiselect from '@cloudscape-design/components/multiselect';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useMemo, useState } from 'react';
import { isCode } from '../aws/errors';
import { useLogs } from '../aws/logs';
import type { Canary, CanaryRun } from '../aws/model';
import { useQuery } from '../data/useQuery';
import { useRun } from './context';
import { FileState } from './FileState';
import { asText, clock, filterLines, LEVELS, logGroupOf, logStreamOf, MAX_LINES, pieces, readEvent, readLogFile, type Line } from './loglines';
import { LIMITS } from './store';
import { bytes } from './artifacts';
import type { Read } from './useRunData';
import './log.css';

interface Log {
  lines: Line[];
  /** Lines beyond those shown. */
  more: boolean;
}

/** The run's log: the stream in CloudWatch Logs, or the file of the library. */
export default function LogsTab() {
  const { canary, run, files } = useRun();
  const file = files.find((f) => /-log\.txt$/.test(f.name));
  const [source, setSource] = useState('stream');
  const group = groupOf(canary, run);
  const stream = run.Timeline.Started ? logStreamOf(run.Id, run.Timeline.Started) : '';
  const fromStream = useStream(group, stream, run.Status.State === 'RUNNING');
  const fromFile = useLogFile(source === 'file' ? file?.name : undefined, file?.size ?? 0);
  const query = source === 'file' && file ? fromFile : fromStream;
  const name = source === 'file' && file ? file.name : 'The log stream';
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={<span className="run-prose">{source === 'file' && file ? file.name : group ? `${group} / ${stream}` : 'No log group is known.'}</span>}
          actions={file ? (
            <SegmentedControl
              label="Source" selectedId={source} onChange={(e) => setSource(e.detail.selectedId)}
              options={[{ id: 'stream', text: 'CloudWatch Logs' }, { id: 'file', text: 'Log file' }]}
            />
          ) : undefined}
        >
          Logs
        </Header>
      }
    >
      <FileState name={name} query={query}>{(log) => <Lines log={log} onRefresh={() => void query.refresh()} busy={query.busy} />}</FileState>
    </Container>
  );
}

/** The log group of the function that ran: each browser has its own. */
function groupOf(canary: Canary, run: CanaryRun): string {
  const engines = canary.EngineConfigs ?? [];
  const engine = engines.find((e) => e.BrowserType === run.BrowserType) ?? engines[0];
  return logGroupOf(engine?.EngineArn ?? canary.EngineArn ?? '');
}

function useStream(group: string, stream: string, running: boolean) {
  const logs = useLogs();
  return useQuery<Read<Log>>(
    `log ${group} ${stream} ${running}`,
    async (signal) => {
      if (!group || !stream) return { problem: 'The canary does not tell its log group.' };
      try {
        const { events, more } = await readStream(logs, group, stream, signal);
        return { value: { lines: events.map((e) => readEvent(e.timestamp ?? NaN, e.message ?? '')), more } };
      } catch (error) {
        if (!isCode(error, 'ResourceNotFoundException')) throw error;
        return running ? { value: { lines: [], more: false } } : { problem: 'The run has no log stream. It did not begin, its role may not write logs, or the log group has been deleted.' };
      }
    },
    { every: running ? 3000 : 0 },
  );
}

/** Reads a stream from its beginning. The token of the last page repeats. */
async function readStream(logs: CloudWatchLogsClient, logGroupName: string, logStreamName: string, abortSignal: AbortSignal) {
  const events: OutputLogEvent[] = [];
  let nextToken: string | undefined;
  for (;;) {
    const page = await logs.send(new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true, nextToken }), { abortSignal });
    events.push(...(page.events ?? []));
    if (!page.nextForwardToken || page.nextForwardToken === nextToken) return { events: events.slice(0, MAX_LINES), more: events.length > MAX_LINES };
    if (events.length > MAX_LINES) return { events: events.slice(0, MAX_LINES), more: true };
    nextToken = page.nextForwardToken;
  }
}

function useLogFile(name: string | undefined, size: number) {
  const { store } = useRun();
  return useQuery<Read<Log>>(
    `log file ${store?.prefix}/${name}`,
    async (signal) => {
      if (size > LIMITS.text) return { problem: `It has ${bytes(size)}, too much to be shown here. Download it from the files.` };
      const { lines, omitted } = readLogFile(await store!.text(name!, LIMITS.text, signal));
      return { value: { lines, more: omitted > 0 } };
    },
    { enabled: store !== undefined && name !== undefined },
  );
}

const STEP = 1000;

function Lines({ log, onRefresh, busy }: { log: Log; onRefresh: () => void; busy: boolean }) {
  const [levels, setLevels] = useState<string[]>([]);
  const [search, setSearch] = useState('');
  const [shown, setShown] = useState(STEP);
  const lines = useMemo(() => filterLines(log.lines, levels, search), [log, levels, search]);
  const options = LEVELS.filter((l) => log.lines.some((x) => x.level === l)).map((l) => ({ value: l, label: l, description: `${log.lines.filter((x) => x.level === l).length} lines` }));
  const text = useMemo(() => asText(lines), [lines]);
  return (
    <SpaceBetween size="s">
      <div className="run-filters">
        <div className="run-filter-text">
          <TextFilter filteringText={search} onChange={(e) => setSearch(e.detail.filteringText)} filteringPlaceholder="Find in the log" filteringAriaLabel="Find in the log" filteringClearAriaLabel="Clear" countText={`${lines.length} ${lines.length === 1 ? 'match' : 'matches'}`} />
        </div>
        <Multiselect
          selectedOptions={options.filter((o) => levels.includes(o.value))} options={options} placeholder="Any level" ariaLabel="Levels" inlineTokens deselectAriaLabel={(o) => `Remove ${o.label}`} empty="There are no lines."
          onChange={(e) => setLevels(e.detail.selectedOptions.map((o) => o.value ?? ''))}
        />
        <CopyToClipboard variant="button" copyButtonText="Copy" textToCopy={text} copySuccessText={`${lines.length} lines copied`} copyErrorText="The lines were not copied" />
        <Button iconName="refresh" ariaLabel="Refresh the log" loading={busy} onClick={onRefresh} />
      </div>
      {lines.length === 0 ? <Box color="text-body-secondary">{log.lines.length === 0 ? 'The log has no lines.' : 'No line matches.'}</Box> : null}
      <div className="run-log" role="log" aria-label="Lines of the log" aria-live="off" tabIndex={0} data-long={shown > STEP || undefined}>
        {lines.slice(0, shown).map((line, i) => <LogLine key={i} line={line} search={search} />)}
      </div>
      {lines.length > shown ? <Button onClick={() => setShown((n) => n + STEP)}>Show {Math.min(STEP, lines.length - shown)} more lines</Button> : null}
      {log.more ? <Box color="text-body-secondary">The log has more than {MAX_LINES.toLocaleString('en-US')} lines; the first are shown.</Box> : null}
    </SpaceBetween>
  );
}

function LogLine({ line, search }: { line: Line; search: string }) {
  return (
    <div className="run-log-line" data-level={line.level}>
      <time dateTime={Number.isNaN(line.time) ? undefined : new Date(line.time).toISOString()} title={Number.isNaN(line.time) ? undefined : new Date(line.time).toISOString()}>{clock(line.time)}</time>
      <span className="run-log-level">{line.level === 'PLATFORM' ? '' : line.level}</span>
      <span className="run-log-text">{pieces(line.text, search).map((p, i) => (i % 2 ? <mark key={i}>{p}</mark> : p))}</span>
    </div>
  );
}
