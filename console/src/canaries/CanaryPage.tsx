import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Tabs from '@cloudscape-design/components/tabs';
import { useState } from 'react';
import { useNavigate, useParams, useSearchParams } from 'react-router';
import type { Canary } from '../aws/model';
import type { Query } from '../data/useQuery';
import { usePage } from '../shell/page';
import { ErrorAlert } from '../ui/ErrorAlert';
import { routes } from '../ui/routes';
import { AvailabilityTab } from './AvailabilityTab';
import { ConfigurationTab } from './ConfigurationTab';
import { useCanary, useRuns } from './data';
import { DeleteModal } from './DeleteModal';
import { GroupsTab } from './GroupsTab';
import { MonitoringTab } from './MonitoringTab';
import { defaultRange, type Range } from './range';
import { RunsTab } from './RunsTab';
import { canDelete, canEdit, canStart, canStop } from './status';
import { Summary } from './Summary';
import { TagsTab } from './TagsTab';
import { useCanaryActions } from './useCanaryActions';

/** How many runs the page looks at. */
const most = 500;

/** One canary: how it is doing, its runs, and how it is made. */
export default function CanaryPage() {
  const { name = '' } = useParams();
  usePage({ title: name, breadcrumbs: [{ text: 'Canaries', route: routes.canaries }, { text: name }] });
  const [leaving, setLeaving] = useState(false); // nobody asks for a canary while it is deleted
  const canary = useCanary(name, leaving);
  const runs = useRuns(name, most, leaving);
  const [params, setParams] = useSearchParams();
  const [range, setRange] = useState<Range>(defaultRange);

  if (canary.loading) return <Box padding="xxl" textAlign="center"><Spinner size="large" /></Box>;
  if (!canary.data) return <ErrorAlert header={`Canary ${name} could not be loaded`} error={canary.error} onRetry={() => void canary.refresh()} />;
  const c = canary.data;
  const shared = { canary: c, runs, range, onRange: setRange };
  return (
    <ContentLayout header={<Actions query={canary} canary={c} onLeaving={setLeaving} refresh={async () => void (await Promise.all([canary.refresh(), runs.refresh()]))} />}>
      <SpaceBetween size="l">
        {canary.error !== undefined && <ErrorAlert header="What is shown is no longer up to date" error={canary.error} onRetry={() => void canary.refresh()} />}
        {runs.error !== undefined && <ErrorAlert header="The runs could not be listed" error={runs.error} onRetry={() => void runs.refresh()} />}
        <Summary canary={c} runs={runs.data} />
        <Tabs
          ariaLabel="Canary"
          activeTabId={params.get('tab') ?? 'availability'}
          onChange={(e) => setParams({ tab: e.detail.activeTabId }, { replace: true })}
          tabs={[
            { id: 'availability', label: 'Availability', content: <AvailabilityTab {...shared} /> },
            { id: 'runs', label: 'Runs', content: <RunsTab {...shared} /> },
            { id: 'monitoring', label: 'Monitoring', content: <MonitoringTab {...shared} /> },
            { id: 'configuration', label: 'Configuration', content: <ConfigurationTab canary={c} /> },
            { id: 'groups', label: 'Groups', content: <GroupsTab canary={c} /> },
            { id: 'tags', label: 'Tags', content: <TagsTab canary={c} onChange={canary.refresh} /> },
          ]}
        />
      </SpaceBetween>
    </ContentLayout>
  );
}

interface ActionsProps {
  query: Query<Canary>;
  canary: Canary;
  onLeaving(leaving: boolean): void;
  refresh(): Promise<void>;
}

function Actions({ query, canary, onLeaving, refresh }: ActionsProps) {
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState<string[]>([]);
  const actions = useCanaryActions(refresh);
  const { Name: name } = canary;
  return (
    <>
      <Header
        variant="h1"
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="refresh" ariaLabel="Refresh" loading={query.busy} onClick={() => void refresh()} />
            {canStop(canary) || canary.Status?.State === 'STOPPING' ? (
              <Button disabled={!canStop(canary)} loading={actions.busy === 'stop'} onClick={() => void actions.stop([name])}>Stop</Button>
            ) : (
              <Button disabled={!canStart(canary)} loading={actions.busy === 'start'} onClick={() => void actions.start([name])}>Start</Button>
            )}
            <Button disabled={!canEdit(canary)} onClick={() => void navigate(routes.editCanary(name))}>Edit</Button>
            <ButtonDropdown
              items={[{ id: 'delete', text: 'Delete', disabled: !canDelete(canary), disabledReason: 'Stop the canary first.' }]}
              onItemClick={() => setDeleting([name])}
            >
              Actions
            </ButtonDropdown>
          </SpaceBetween>
        }
      >
        {name}
      </Header>
      <DeleteModal
        names={deleting}
        busy={actions.busy === 'delete'}
        onDismiss={() => setDeleting([])}
        onDelete={async () => {
          onLeaving(true);
          const gone = await actions.remove(deleting);
          setDeleting([]);
          if (gone.length) void navigate(routes.canaries);
          else onLeaving(false);
        }}
      />
    </>
  );
}
