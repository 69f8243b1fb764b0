import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useMemo, useState } from 'react';
import { Axis } from './Axis';
import { useRun } from './context';
import { allShots, type Shot, type Step } from './report';
import { Thumbnail } from './Thumbnail';
import { bar, duration, extent } from './timeline';
import { Viewer } from './Viewer';

/** The steps of the script over time, each with its screenshots. */
export default function StepsTab({ loading }: { loading: boolean }) {
  const { run, report } = useRun();
  const shots = useMemo(() => (report ? allShots(report) : []), [report]);
  const [open, setOpen] = useState<number>();
  const show = (shot: Shot) => setOpen(shots.findIndex((s) => s.file === shot.file));
  const [from, to] = useMemo(() => bounds(report?.steps ?? [], report?.scriptStart ?? NaN, report?.scriptEnd ?? NaN), [report]);

  if (!report) return <Nothing running={run.Status.State === 'RUNNING'} loading={loading} />;
  return (
    <Container
      header={
        <Header variant="h2" counter={`(${report.steps.length})`} description={`The script ran ${duration(report.scriptEnd - report.scriptStart)}${report.launch > 0 ? `, its browser launched in ${duration(report.launch)}` : ''}.`}>
          Steps
        </Header>
      }
    >
      {report.steps.length === 0 ? <Box color="text-body-secondary" padding={{ bottom: 's' }}>This script has no steps. Wrap parts of it in executeStep to see how long each takes.</Box> : null}
      <div className="run-steps" role="list" aria-label="Steps">
        {report.steps.length > 0 ? <div className="run-steps-head" aria-hidden="true"><span /><Axis span={to - from} /><span /></div> : null}
        {report.steps.map((step, i) => (
          <StepRow key={i} step={step} from={from} to={to} onShow={show} />
        ))}
      </div>
      {report.loose.length > 0 ? (
        <>
          <Box variant="h3" padding={{ top: 'm', bottom: 'xs' }}>Screenshots outside of steps</Box>
          <div className="run-shots">{report.loose.map((s) => <Thumbnail key={s.file} shot={s} onOpen={() => show(s)} />)}</div>
        </>
      ) : null}
      {open !== undefined && shots[open] ? <Viewer shots={shots} index={open} onMove={setOpen} onClose={() => setOpen(undefined)} /> : null}
    </Container>
  );
}

/** The time that the axis shows: that of the script, or of its steps where
 * these do not lie within. */
function bounds(steps: Step[], start: number, end: number): [number, number] {
  return extent([start, end, ...steps.flatMap((s) => [s.start, s.end])]);
}

function StepRow({ step, from, to, onShow }: { step: Step; from: number; to: number; onShow: (s: Shot) => void }) {
  const { left, width } = bar(from, to, step.start, step.end);
  const passed = step.status === 'PASSED';
  const took = duration(step.end - step.start);
  return (
    <div role="listitem" className="run-step" data-failed={!passed || undefined} aria-label={`Step ${step.num}, ${step.name}: ${passed ? 'passed' : 'failed'} after ${took}`}>
      <div className="run-step-name">
        <StatusIndicator type={passed ? 'success' : step.status === 'FAILED' ? 'error' : 'info'} iconAriaLabel={passed ? 'Passed' : 'Failed'}>
          <span className="run-step-title">{step.num}. {step.name}</span>
        </StatusIndicator>
        <Where step={step} />
      </div>
      <div className="run-track" aria-hidden="true" title={`${step.name}: ${took}, from ${duration(step.start - from)} on`}>
        <div className="run-track-bar" data-failed={!passed || undefined} style={{ left: `${left * 100}%`, width: `${width * 100}%` }} />
        <div className="run-track-label" data-before={left + width > 0.8 || undefined} style={left + width > 0.8 ? { right: `${(1 - left) * 100}%` } : { left: `${(left + width) * 100}%` }}>{took}</div>
      </div>
      <div className="run-shots">
        {step.shots.map((s, i) => <Thumbnail key={i} shot={s} onOpen={() => onShow(s)} />)}
        {step.shots.length === 0 && step.request > 0 ? <span className="run-small">HTTP request {step.request}</span> : null}
      </div>
      {step.reason ? <div className="run-step-reason run-prose" role="note"><StatusIndicator type="error" iconAriaLabel="Reason">{step.reason}</StatusIndicator></div> : null}
    </div>
  );
}

/** Where the step began and ended, if it was in a page. */
function Where({ step }: { step: Step }) {
  const end = step.destination || step.source;
  if (!end) return null;
  const moved = step.source && step.source !== end;
  return <div className="run-small run-prose" title={moved ? `From ${step.source}` : undefined}>{end}</div>;
}

function Nothing({ running, loading }: { running: boolean; loading: boolean }) {
  const text = running ? 'The run goes on. Its steps are shown when it has ended.' : loading ? 'Loading the report' : 'This run left no report. Runs that time out or cannot begin have none; the logs may tell more.';
  return (
    <Container>
      <StatusIndicator type={running ? 'in-progress' : loading ? 'loading' : 'info'}>{text}</StatusIndicator>
    </Container>
  );
}
