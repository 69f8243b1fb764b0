import { useCollection } from '@cloudscape-design/collection-hooks';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { deleteGroup, send, useSynthetics } from '../aws/synthetics';
import { useAction } from '../data/useAction';
import { usePage } from '../shell/page';
import { ErrorAlert } from '../ui/ErrorAlert';
import { RouteLink } from '../ui/RouteLink';
import { routes } from '../ui/routes';
import { CreateGroupModal } from './CreateGroupModal';
import { useGroups, type GroupRow } from './data';
import { DeleteGroupModal } from './DeleteGroupModal';
import { GroupHealth, HealthBar } from './GroupHealth';
import { MAX_GROUPS, summarize } from './groups';
import './groups.css';

/** The account's groups. */
export default function GroupList() {
  usePage({ title: 'Groups', breadcrumbs: [{ text: 'Groups' }], contentType: 'table' });
  const groups = useGroups();
  const navigate = useNavigate();
  const synthetics = useSynthetics();
  const { busy, run } = useAction();
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<string>();
  const rows = groups.data ?? [];
  const { items, collectionProps, filterProps, filteredItemsCount, actions } = useCollection(rows, {
    filtering: {
      filteringFunction: (row, text) => [row.group.Name, ...row.members.map((m) => m.name)].some((s) => s.toLowerCase().includes(text.toLowerCase())),
      empty: <Empty onCreate={() => setCreating(true)} />,
      noMatch: <Box textAlign="center" color="inherit">No group matches.</Box>,
    },
    sorting: { defaultState: { sortingColumn: columns[0]! } },
    selection: { trackBy: (row) => row.group.Id },
  });
  const selected = collectionProps.selectedItems?.[0];
  const remove = async (name: string) => {
    const done = await run('delete', () => send(synthetics, deleteGroup({ GroupIdentifier: name })), { success: `Group ${name} is deleted.`, failure: `Group ${name} was not deleted` });
    if (!done) return;
    setDeleting(undefined);
    actions.setSelectedItems([]);
    await groups.refresh();
  };
  return (
    <SpaceBetween size="m">
      {groups.error ? <ErrorAlert header="The groups could not be listed" error={groups.error} onRetry={() => void groups.refresh()} /> : null}
      <Table<GroupRow>
        {...collectionProps}
        variant="full-page"
        stickyHeader
        items={items}
        loading={groups.loading}
        loadingText="Loading groups"
        selectionType="single"
        columnDefinitions={columns}
        ariaLabels={{ tableLabel: 'Groups', selectionGroupLabel: 'Group to act on', itemSelectionLabel: (_, row) => `Select ${row.group.Name}` }}
        header={
          <Header
            variant="awsui-h1-sticky"
            counter={groups.data && `(${rows.length})`}
            description="Canaries that belong together, in any region, and how they are doing."
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel="Refresh groups" loading={groups.busy && !groups.loading} onClick={() => void groups.refresh()} />
                <Button disabled={!selected} onClick={() => setDeleting(selected?.group.Name)}>Delete</Button>
                <Button variant="primary" disabled={rows.length >= MAX_GROUPS} disabledReason={`An account can have at most ${MAX_GROUPS} groups.`} onClick={() => setCreating(true)}>Create group</Button>
              </SpaceBetween>
            }
          >
            Groups
          </Header>
        }
        filter={<TextFilter {...filterProps} filteringPlaceholder="Find groups and canaries" filteringAriaLabel="Find groups and canaries" countText={`${filteredItemsCount} ${filteredItemsCount === 1 ? 'match' : 'matches'}`} />}
      />
      {creating ? (
        <CreateGroupModal taken={rows.map((r) => r.group.Name)} onDismiss={() => setCreating(false)} onCreated={(name) => void navigate(routes.group(name))} />
      ) : null}
      {deleting ? <DeleteGroupModal name={deleting} busy={busy === 'delete'} onDismiss={() => setDeleting(undefined)} onDelete={() => void remove(deleting)} /> : null}
    </SpaceBetween>
  );
}

const order = { failing: 0, passing: 1, idle: 2, empty: 3 };

const columns: TableProps.ColumnDefinition<GroupRow>[] = [
  { id: 'name', header: 'Name', isRowHeader: true, cell: (r) => <RouteLink to={routes.group(r.group.Name)}>{r.group.Name}</RouteLink>, sortingComparator: (a, b) => a.group.Name.localeCompare(b.group.Name) },
  { id: 'health', header: 'Last results', cell: (r) => <GroupHealth summary={summarize(r.members)} />, sortingComparator: (a, b) => order[summarize(a.members).health] - order[summarize(b.members).health] },
  { id: 'bar', header: 'Share', minWidth: 120, cell: (r) => <HealthBar summary={summarize(r.members)} /> },
  { id: 'canaries', header: 'Canaries', cell: (r) => r.members.length, sortingComparator: (a, b) => a.members.length - b.members.length },
  { id: 'running', header: 'Running', cell: (r) => summarize(r.members).running },
];

function Empty({ onCreate }: { onCreate: () => void }) {
  return (
    <Box textAlign="center" color="inherit" padding="l">
      <SpaceBetween size="m">
        <Box color="inherit"><b>No groups</b><Box variant="p" color="inherit">Put canaries together to see at a glance how an application is doing.</Box></Box>
        <Button onClick={onCreate}>Create group</Button>
      </SpaceBetween>
    </Box>
  );
}
