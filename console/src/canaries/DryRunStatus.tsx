import Alert from '@cloudscape-design/components/alert';
import { useEffect, useRef } from 'react';
import { getCanaryRuns, send, useSynthetics } from '../aws/synthetics';
import { useQuery } from '../data/useQuery';
import { ErrorAlert } from '../ui/ErrorAlert';
import { RouteLink } from '../ui/RouteLink';
import { routes } from '../ui/routes';

/** How a dry run is doing. It comes into view when it begins. */
export function DryRunStatus({ canary, id }: { canary: string; id: string }) {
  const client = useSynthetics();
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    void root.current?.scrollIntoView({ block: 'center' });
  }, []);
  const runs = useQuery(
    `dry run ${canary} ${id}`,
    async (signal) => (await send(client, getCanaryRuns({ Name: canary, DryRunId: id, RunType: 'DRY_RUN' }), signal)).CanaryRuns,
    { every: (found = []) => (found.length > 0 && found.every((r) => r.Status.State !== 'RUNNING') ? 0 : 1500) },
  );
  const run = runs.data?.[0];
  const state = run?.Status.State ?? 'RUNNING';
  const link = run && <RouteLink to={routes.run(canary, run.Id)} variant="primary">Look at the run</RouteLink>;
  const tell = {
    RUNNING: <Alert type="info" header="The dry run is running">It uses what the form says. The canary itself is not changed. {link}</Alert>,
    PASSED: <Alert type="success" header="The dry run passed">Save to use it. {link}</Alert>,
    FAILED: <Alert type="error" header="The dry run failed">{run?.Status.StateReason} {link}</Alert>,
  };
  return (
    <div ref={root} role="status">
      {runs.error !== undefined && !run ? <ErrorAlert header="The dry run could not be followed" error={runs.error} /> : tell[state]}
    </div>
  );
}
