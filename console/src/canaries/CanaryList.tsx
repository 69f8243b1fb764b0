import { useCollection } from '@cloudscape-design/collection-hooks';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import CollectionPreferences, { type CollectionPreferencesProps } from '@cloudscape-design/components/collection-preferences';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import PropertyFilter from '@cloudscape-design/components/property-filter';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useMemo, useState } from 'react';
import { useNavigate } from 'react-router';
import { usePage } from '../shell/page';
import { ErrorAlert } from '../ui/ErrorAlert';
import { routes } from '../ui/routes';
import { useStored } from '../ui/useStored';
import { columns, filterable, filteringProperties } from './columns';
import { useCanaries, useStrips, useSuccess, type CanaryRow } from './data';
import { DeleteModal } from './DeleteModal';
import { canDelete, canEdit, canStart, canStop } from './status';
import { useCanaryActions } from './useCanaryActions';

const defaults: CollectionPreferencesProps.Preferences = {
  pageSize: 10,
  wrapLines: false,
  contentDisplay: columns(undefined, undefined).map((c) => ({ id: c.id!, visible: c.id !== 'modified' })),
};

/** All canaries of the region. */
export default function CanaryList() {
  usePage({ title: 'Canaries', breadcrumbs: [{ text: 'Canaries' }], contentType: 'table' });
  const canaries = useCanaries();
  const navigate = useNavigate();
  const [preferences, setPreferences] = useStored('nephele.canaries', defaults);
  const [deleting, setDeleting] = useState<string[]>([]);
  const actions = useCanaryActions(canaries.refresh);

  const rows = useMemo(() => (canaries.data ?? []).map(filterable), [canaries.data]);
  const sortable = useMemo(() => columns(undefined, undefined), []);
  const { items, collectionProps, propertyFilterProps, paginationProps, filteredItemsCount, actions: collection } = useCollection(rows, {
    propertyFiltering: {
      filteringProperties,
      empty: <Empty onCreate={() => void navigate(routes.createCanary)} />,
      noMatch: <NoMatch onClear={() => collection.setPropertyFiltering({ tokens: [], operation: 'and' })} />,
    },
    pagination: { pageSize: preferences.pageSize },
    sorting: { defaultState: { sortingColumn: sortable.find((c) => c.id === 'name')! } },
    selection: { trackBy: (row) => row.canary.Name },
  });
  const shown = items.map((row) => row.canary.Name);
  const strips = useStrips(shown);
  const success = useSuccess(shown);

  // The collection keeps rows as they were when they were selected.
  const chosen = new Set(collectionProps.selectedItems?.map((row) => row.name));
  const selected = rows.filter((row) => chosen.has(row.name));
  const names = (can: (c: CanaryRow['canary']) => boolean) => selected.filter((row) => can(row.canary)).map((row) => row.canary.Name);
  const all = (can: (c: CanaryRow['canary']) => boolean) => selected.length > 0 && selected.every((row) => can(row.canary));
  const onAction = (id: string) => {
    if (id === 'start') void actions.start(names(canStart));
    if (id === 'stop') void actions.stop(names(canStop));
    if (id === 'edit') void navigate(routes.editCanary(selected[0]!.canary.Name));
    if (id === 'delete') setDeleting(names(canDelete));
  };

  return (
    <>
      {canaries.error !== undefined && <ErrorAlert header="The canaries could not be listed" error={canaries.error} onRetry={() => void canaries.refresh()} />}
      <Table
        {...collectionProps}
        selectedItems={selected}
        variant="full-page"
        stickyHeader
        resizableColumns
        items={items}
        loading={canaries.loading}
        loadingText="Loading canaries"
        columnDefinitions={columns(strips.data, success.data)}
        columnDisplay={preferences.contentDisplay}
        wrapLines={preferences.wrapLines}
        stripedRows={preferences.stripedRows}
        selectionType="multi"
        ariaLabels={{
          tableLabel: 'Canaries',
          selectionGroupLabel: 'Canaries to act on',
          allItemsSelectionLabel: () => 'Select all canaries',
          itemSelectionLabel: (_, row) => `Select ${row.canary.Name}`,
        }}
        header={
          <Header
            variant="awsui-h1-sticky"
            counter={canaries.data && (selected.length ? `(${selected.length}/${rows.length})` : `(${rows.length})`)}
            description="Scripts that visit your site on a schedule and tell when it does not work."
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel="Refresh canaries" loading={canaries.busy && !canaries.loading} onClick={() => void canaries.refresh()} />
                <ButtonDropdown
                  items={[
                    { id: 'start', text: 'Start', disabled: !all(canStart), disabledReason: 'Select canaries that do not run.' },
                    { id: 'stop', text: 'Stop', disabled: !all(canStop), disabledReason: 'Select canaries that run.' },
                    { id: 'edit', text: 'Edit', disabled: selected.length !== 1 || !all(canEdit), disabledReason: 'Select one canary.' },
                    { id: 'delete', text: 'Delete', disabled: !all(canDelete), disabledReason: 'Select canaries that are stopped.' },
                  ]}
                  loading={actions.busy !== undefined}
                  disabled={selected.length === 0}
                  onItemClick={(e) => onAction(e.detail.id)}
                >
                  Actions
                </ButtonDropdown>
                <Button variant="primary" onClick={() => void navigate(routes.createCanary)}>Create canary</Button>
              </SpaceBetween>
            }
          >
            Canaries
          </Header>
        }
        filter={
          <PropertyFilter
            {...propertyFilterProps}
            countText={`${filteredItemsCount} ${filteredItemsCount === 1 ? 'match' : 'matches'}`}
            filteringPlaceholder="Find canaries"
            filteringAriaLabel="Find canaries"
          />
        }
        pagination={<Pagination {...paginationProps} ariaLabels={{ nextPageLabel: 'Next page', previousPageLabel: 'Previous page', pageLabel: (n) => `Page ${n}` }} />}
        preferences={<Preferences value={preferences} onChange={setPreferences} />}
      />
      <DeleteModal
        names={deleting}
        busy={actions.busy === 'delete'}
        onDismiss={() => setDeleting([])}
        onDelete={async () => {
          await actions.remove(deleting);
          await canaries.refresh();
          setDeleting([]);
          collection.setSelectedItems([]);
        }}
      />
    </>
  );
}

function Preferences({ value, onChange }: { value: CollectionPreferencesProps.Preferences; onChange(v: CollectionPreferencesProps.Preferences): void }) {
  return (
    <CollectionPreferences
      title="Preferences"
      confirmLabel="Confirm"
      cancelLabel="Cancel"
      preferences={value}
      onConfirm={(e) => onChange(e.detail)}
      pageSizePreference={{ title: 'Page size', options: [10, 20, 50].map((n) => ({ value: n, label: `${n} canaries` })) }}
      wrapLinesPreference={{ label: 'Wrap lines', description: 'Shows all of the text in each cell' }}
      stripedRowsPreference={{ label: 'Striped rows', description: 'Shades every other row' }}
      contentDisplayPreference={{
        title: 'Columns',
        options: columns(undefined, undefined).map((c) => ({ id: c.id!, label: String(c.header), alwaysVisible: c.id === 'name' })),
      }}
    />
  );
}

function Empty({ onCreate }: { onCreate(): void }) {
  return (
    <Box textAlign="center" color="inherit" padding="l">
      <SpaceBetween size="m">
        <Box color="inherit"><b>No canaries</b><Box variant="p" color="inherit">There is nothing that watches your site yet.</Box></Box>
        <Button onClick={onCreate}>Create canary</Button>
      </SpaceBetween>
    </Box>
  );
}

function NoMatch({ onClear }: { onClear(): void }) {
  return (
    <Box textAlign="center" color="inherit" padding="l">
      <SpaceBetween size="m">
        <b>No canary matches</b>
        <Button onClick={onClear}>Clear filter</Button>
      </SpaceBetween>
    </Box>
  );
}
