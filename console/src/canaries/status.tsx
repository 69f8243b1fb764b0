// How states and results are shown.
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import type { Canary, CanaryRun, CanaryState } from '../aws/model';

const states: Record<CanaryState, [StatusIndicatorProps.Type, string]> = {
  CREATING: ['in-progress', 'Creating'],
  READY: ['pending', 'Ready'],
  STARTING: ['in-progress', 'Starting'],
  RUNNING: ['success', 'Running'],
  UPDATING: ['in-progress', 'Updating'],
  STOPPING: ['in-progress', 'Stopping'],
  STOPPED: ['stopped', 'Stopped'],
  ERROR: ['error', 'Error'],
  DELETING: ['in-progress', 'Deleting'],
};

/** "Running" of RUNNING. */
export const stateText = (state: CanaryState | undefined) => (state ? states[state][1] : '-');

/** The state of a canary. */
export function StateIndicator({ canary }: { canary: Canary }) {
  const state = canary.Status?.State;
  if (!state) return <>-</>;
  const [type, text] = states[state];
  return <StatusIndicator type={type}>{text}</StatusIndicator>;
}

/** Whether a canary is on its way from one state to the next. */
export function inTransition(canary: Canary): boolean {
  return ['CREATING', 'STARTING', 'UPDATING', 'STOPPING', 'DELETING'].includes(canary.Status?.State ?? '');
}

export const canStart = (c: Canary) => ['READY', 'STOPPED', 'ERROR'].includes(c.Status?.State ?? '');
export const canStop = (c: Canary) => c.Status?.State === 'RUNNING';
export const canDelete = (c: Canary) => ['READY', 'STOPPED', 'ERROR'].includes(c.Status?.State ?? '');
export const canEdit = (c: Canary) => ['READY', 'STOPPED', 'ERROR', 'RUNNING'].includes(c.Status?.State ?? '');

const results = { PASSED: ['success', 'Passed'], FAILED: ['error', 'Failed'], RUNNING: ['in-progress', 'Running'] } as const;

/** "Passed" of PASSED; "-" for no run. */
export const resultText = (run: CanaryRun | undefined) => (run ? results[run.Status.State][1] : '-');

/** The result of a run. */
export function ResultIndicator({ run }: { run: CanaryRun | undefined }) {
  if (!run) return <StatusIndicator type="pending">No runs yet</StatusIndicator>;
  const [type, text] = results[run.Status.State];
  return <StatusIndicator type={type}>{text}</StatusIndicator>;
}
