import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import { useMemo } from 'react';
import type { Canary, CanaryRun } from '../aws/model';
import { RouteLink } from '../ui/RouteLink';
import { routes } from '../ui/routes';
import { formatAgo, formatTime } from '../ui/time';
import { percent, stripLength, useSuccess } from './data';
import { RunStrip } from './RunStrip';
import { scheduleText } from './schedule';
import { ResultIndicator, StateIndicator } from './status';

/** A canary at a glance. */
export function Summary({ canary, runs }: { canary: Canary; runs: CanaryRun[] | undefined }) {
  const names = useMemo(() => [canary.Name], [canary.Name]);
  const success = useSuccess(names);
  const last = runs?.[0];
  const reason = canary.Status?.StateReason;
  return (
    <Container header={<Header variant="h2">Summary</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: 'State', value: <StateIndicator canary={canary} />, info: undefined },
          { label: 'Last result', value: last ? <RouteLink to={routes.run(canary.Name, last.Id)}><ResultIndicator run={last} /></RouteLink> : <ResultIndicator run={undefined} /> },
          { label: 'Success (24 h)', value: percent(success.data?.get(canary.Name)) },
          { label: 'Recent runs', value: <RunStrip canary={canary.Name} runs={runs?.slice(0, stripLength)} /> },
          { label: 'Schedule', value: scheduleText(canary.Schedule?.Expression) },
          { label: 'Runtime', value: canary.RuntimeVersion ?? '-' },
          { label: 'Last run', value: <span title={formatTime(last?.Timeline.Started)}>{formatAgo(last?.Timeline.Started)}</span> },
          { label: 'Last modified', value: formatTime(canary.Timeline?.LastModified) },
          ...(reason ? [{ label: 'State reason', value: reason }] : []),
        ]}
      />
    </Container>
  );
}
