import { UntagResourceCommand } from '@aws-sdk/client-synthetics';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useState } from 'react';
import { canaryArn, type Canary } from '../aws/model';
import { send, tagResource, useSynthetics } from '../aws/synthetics';
import { useAction } from '../data/useAction';
import { useSession } from '../session/session';
import { PairsEditor, pairsOf, recordOf, type Pair } from './PairsEditor';

/** A canary's tags, and a form to change them. */
export function TagsTab({ canary, onChange }: { canary: Canary; onChange(): Promise<void> }) {
  const [editing, setEditing] = useState<Pair[]>();
  const { session } = useSession();
  const client = useSynthetics();
  const { busy, run } = useAction();
  const tags = canary.Tags ?? {};
  const save = async (pairs: Pair[]) => {
    const wanted = recordOf(pairs);
    const ResourceArn = canaryArn(session.region, session.account, canary.Name);
    const gone = Object.keys(tags).filter((k) => !(k in wanted));
    const ok = await run(
      'tags',
      async () => {
        if (gone.length) await client.send(new UntagResourceCommand({ ResourceArn, TagKeys: gone }));
        if (Object.keys(wanted).length) await send(client, tagResource({ ResourceArn, Tags: wanted }));
      },
      { success: `The tags of ${canary.Name} were saved.`, failure: `The tags of ${canary.Name} were not saved` },
    );
    if (ok) setEditing(undefined);
    await onChange();
  };
  return (
    <>
      <Table
        items={Object.entries(tags).map(([key, value]) => ({ key, value }))}
        trackBy="key"
        ariaLabels={{ tableLabel: 'Tags' }}
        columnDefinitions={[
          { id: 'key', header: 'Key', cell: (t) => t.key, isRowHeader: true },
          { id: 'value', header: 'Value', cell: (t) => t.value || '-' },
        ]}
        header={<Header variant="h2" counter={`(${Object.keys(tags).length})`} actions={<Button onClick={() => setEditing(pairsOf(tags))}>Manage tags</Button>}>Tags</Header>}
        empty={<Box textAlign="center" color="inherit" padding="s"><b>No tags</b></Box>}
      />
      <Modal
        visible={editing !== undefined}
        size="large"
        header={`Tags of ${canary.Name}`}
        closeAriaLabel="Close"
        onDismiss={() => setEditing(undefined)}
        footer={
          <Box float="right">
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" onClick={() => setEditing(undefined)}>Cancel</Button>
              <Button variant="primary" loading={busy !== undefined} onClick={() => void save(editing ?? [])}>Save</Button>
            </SpaceBetween>
          </Box>
        }
      >
        <PairsEditor what="tag" pairs={editing ?? []} onChange={setEditing} most={50} />
      </Modal>
    </>
  );
}
