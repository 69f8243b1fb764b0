import { useCollection } from '@cloudscape-design/collection-hooks';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useMemo, useState } from 'react';
import { canaryArn, type Group } from '../aws/model';
import { associateResource, disassociateResource, send, useSynthetics } from '../aws/synthetics';
import { ResultIndicator, StateIndicator } from '../canaries/status';
import { useAction } from '../data/useAction';
import { useSession } from '../session/session';
import { RouteLink } from '../ui/RouteLink';
import { routes } from '../ui/routes';
import { between, formatAgo, formatDuration } from '../ui/time';
import { CanaryChoice } from './CreateGroupModal';
import { MAX_MEMBERS, type Member } from './groups';

/** The canaries of a group. */
export function Members({ group, members, refresh }: { group: Group; members: Member[]; refresh: () => Promise<void> }) {
  const { session } = useSession();
  const synthetics = useSynthetics();
  const { busy, run } = useAction();
  const [adding, setAdding] = useState(false);
  const columns = useMemo(() => columnsFor(session.region), [session.region]);
  const { items, collectionProps, actions } = useCollection(members, {
    filtering: { empty: <Box textAlign="center" color="inherit" padding="m"><SpaceBetween size="s"><b>No canaries</b><Button onClick={() => setAdding(true)}>Add canaries</Button></SpaceBetween></Box> },
    sorting: {},
    selection: { trackBy: 'arn' },
  });
  const selected = collectionProps.selectedItems ?? [];
  const remove = async () => {
    for (const m of selected) {
      await run('remove', () => send(synthetics, disassociateResource({ GroupIdentifier: group.Id, ResourceArn: m.arn })), { success: `${m.name} is no longer in the group.`, failure: `${m.name} was not removed` });
    }
    actions.setSelectedItems([]);
    await refresh();
  };
  return (
    <>
      <Table<Member>
        {...collectionProps}
        items={items}
        selectionType="multi"
        columnDefinitions={columns}
        ariaLabels={{ tableLabel: 'Canaries', selectionGroupLabel: 'Canaries to remove', allItemsSelectionLabel: () => 'Select all canaries', itemSelectionLabel: (_, m) => `Select ${m.name}` }}
        header={
          <Header
            variant="h2"
            counter={selected.length ? `(${selected.length}/${members.length})` : `(${members.length})`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={selected.length === 0} loading={busy === 'remove'} onClick={() => void remove()}>Remove from group</Button>
                <Button onClick={() => setAdding(true)} disabled={members.length >= MAX_MEMBERS} disabledReason={`A group can have at most ${MAX_MEMBERS} canaries.`}>Add canaries</Button>
              </SpaceBetween>
            }
          >
            Canaries
          </Header>
        }
      />
      {adding ? <AddModal group={group} members={members} onDismiss={() => setAdding(false)} refresh={refresh} /> : null}
    </>
  );
}

function columnsFor(region: string): TableProps.ColumnDefinition<Member>[] {
  const text = (a?: string, b?: string) => (a ?? '').localeCompare(b ?? '');
  return [
    {
      id: 'name', header: 'Name', isRowHeader: true, sortingComparator: (a, b) => text(a.name, b.name),
      cell: (m) => (m.region === region && m.canary ? <RouteLink to={routes.canary(m.name)}>{m.name}</RouteLink> : m.name),
    },
    {
      id: 'last', header: 'Last run', sortingComparator: (a, b) => text(a.last?.Status.State, b.last?.Status.State),
      cell: (m) => (m.last && m.region === region ? <RouteLink to={routes.run(m.name, m.last.Id)}><ResultIndicator run={m.last} /></RouteLink> : <ResultIndicator run={m.last} />),
    },
    { id: 'state', header: 'State', sortingComparator: (a, b) => text(a.canary?.Status?.State, b.canary?.Status?.State), cell: (m) => (m.canary ? <StateIndicator canary={m.canary} /> : 'Not found') },
    { id: 'when', header: 'Started', cell: (m) => formatAgo(m.last?.Timeline.Started) },
    { id: 'duration', header: 'Duration', cell: (m) => formatDuration(between(m.last?.Timeline.Started, m.last?.Timeline.Completed)) },
    { id: 'region', header: 'Region', sortingField: 'region', cell: (m) => m.region },
  ];
}

function AddModal({ group, members, onDismiss, refresh }: { group: Group; members: Member[]; onDismiss: () => void; refresh: () => Promise<void> }) {
  const { session } = useSession();
  const synthetics = useSynthetics();
  const { busy, run } = useAction();
  const [chosen, setChosen] = useState<string[]>([]);
  const [tried, setTried] = useState(false);
  const room = MAX_MEMBERS - members.length;
  const add = async () => {
    setTried(true);
    if (chosen.length === 0 || chosen.length > room) return;
    const failed: string[] = [];
    for (const name of chosen) {
      const done = await run('add', () => send(synthetics, associateResource({ GroupIdentifier: group.Id, ResourceArn: canaryArn(session.region, session.account, name) })), { failure: `${name} was not added` });
      if (!done) failed.push(name);
    }
    await refresh();
    if (failed.length) setChosen(failed);
    else onDismiss();
  };
  return (
    <Modal
      visible onDismiss={onDismiss} header={`Add canaries to ${group.Name}`} closeAriaLabel="Close"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onDismiss}>Cancel</Button>
            <Button variant="primary" loading={busy === 'add'} disabled={chosen.length === 0} onClick={() => void add()}>Add</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <CanaryChoice chosen={chosen} onChange={setChosen} room={room} tried={tried} without={members.filter((m) => m.region === session.region).map((m) => m.name)} />
    </Modal>
  );
}
