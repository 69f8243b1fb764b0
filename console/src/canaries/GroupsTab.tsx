import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Modal from '@cloudscape-design/components/modal';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useState } from 'react';
import { canaryArn, type Canary, type GroupSummary } from '../aws/model';
import { associateResource, collect, disassociateResource, listAssociatedGroups, listGroups, send, useSynthetics } from '../aws/synthetics';
import { useAction } from '../data/useAction';
import { useQuery } from '../data/useQuery';
import { useSession } from '../session/session';
import { ErrorAlert } from '../ui/ErrorAlert';
import { RouteLink } from '../ui/RouteLink';
import { routes } from '../ui/routes';

/** The groups that a canary is in. */
export function GroupsTab({ canary }: { canary: Canary }) {
  const { session } = useSession();
  const client = useSynthetics();
  const ResourceArn = canaryArn(session.region, session.account, canary.Name);
  const [selected, setSelected] = useState<GroupSummary[]>([]);
  const [adding, setAdding] = useState(false);
  const { busy, run } = useAction();
  const groups = useQuery(`groups of ${ResourceArn}`, (signal) =>
    collect((NextToken) => send(client, listAssociatedGroups({ ResourceArn, NextToken }), signal).then((p) => ({ items: p.Groups, next: p.NextToken }))),
  );
  const leave = async () => {
    for (const g of selected) {
      await run('leave', () => send(client, disassociateResource({ GroupIdentifier: g.Id, ResourceArn })), {
        success: `${canary.Name} was taken out of ${g.Name}.`, failure: `${canary.Name} is still in ${g.Name}`,
      });
    }
    setSelected([]);
    await groups.refresh();
  };
  const join = async (g: string) => {
    const ok = await run('join', () => send(client, associateResource({ GroupIdentifier: g, ResourceArn })), {
      success: `${canary.Name} was added to ${g}.`, failure: `${canary.Name} was not added to ${g}`,
    });
    if (ok) setAdding(false);
    await groups.refresh();
  };
  return (
    <SpaceBetween size="l">
      {groups.error !== undefined && <ErrorAlert header="The groups could not be listed" error={groups.error} onRetry={() => void groups.refresh()} />}
      <Table
        items={groups.data ?? []}
        trackBy="Id"
        loading={groups.loading}
        loadingText="Loading groups"
        selectionType="multi"
        selectedItems={selected}
        onSelectionChange={(e) => setSelected(e.detail.selectedItems)}
        ariaLabels={{ tableLabel: 'Groups', selectionGroupLabel: 'Groups', allItemsSelectionLabel: () => 'Select all groups', itemSelectionLabel: (_, g) => `Select ${g.Name}` }}
        columnDefinitions={[
          { id: 'name', header: 'Name', cell: (g) => <RouteLink to={routes.group(g.Name)}>{g.Name}</RouteLink>, isRowHeader: true },
          { id: 'arn', header: 'ARN', cell: (g) => g.Arn },
        ]}
        header={
          <Header
            variant="h2"
            counter={groups.data && `(${groups.data.length})`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={selected.length === 0} loading={busy === 'leave'} onClick={() => void leave()}>Remove from group</Button>
                <Button onClick={() => setAdding(true)}>Add to group</Button>
              </SpaceBetween>
            }
          >
            Groups
          </Header>
        }
        empty={<Box textAlign="center" color="inherit" padding="s"><b>In no group</b></Box>}
      />
      {adding && <JoinModal taken={(groups.data ?? []).map((g) => g.Id)} busy={busy === 'join'} onJoin={(g) => void join(g)} onDismiss={() => setAdding(false)} />}
    </SpaceBetween>
  );
}

function JoinModal({ taken, busy, onJoin, onDismiss }: { taken: string[]; busy: boolean; onJoin(group: string): void; onDismiss(): void }) {
  const client = useSynthetics();
  const [chosen, setChosen] = useState<string>();
  const all = useQuery('all groups', (signal) => collect((NextToken) => send(client, listGroups({ NextToken }), signal).then((p) => ({ items: p.Groups, next: p.NextToken }))));
  const options = (all.data ?? []).filter((g) => !taken.includes(g.Id)).map((g) => ({ value: g.Name, label: g.Name }));
  return (
    <Modal
      visible
      header="Add to group"
      closeAriaLabel="Close"
      onDismiss={onDismiss}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onDismiss}>Cancel</Button>
            <Button variant="primary" disabled={!chosen} loading={busy} onClick={() => chosen && onJoin(chosen)}>Add</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <FormField label="Group" errorText={all.error !== undefined ? 'The groups could not be listed.' : undefined}>
        <Select
          options={options}
          selectedOption={options.find((o) => o.value === chosen) ?? null}
          onChange={(e) => setChosen(e.detail.selectedOption.value)}
          placeholder="Choose a group"
          empty="There is no other group."
          statusType={all.loading ? 'loading' : 'finished'}
          loadingText="Loading groups"
        />
      </FormField>
    </Modal>
  );
}
