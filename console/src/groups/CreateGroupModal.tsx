import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import Multiselect, { type MultiselectProps } from '@cloudscape-design/components/multiselect';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState, type FormEvent } from 'react';
import { canaryArn } from '../aws/model';
import { associateResource, createGroup, send, useSynthetics } from '../aws/synthetics';
import { useAction } from '../data/useAction';
import { useSession } from '../session/session';
import { useCanaryNames } from './data';
import { MAX_MEMBERS, nameProblem } from './groups';

/** Asks for a name, and for canaries that the new group begins with. */
export function CreateGroupModal({ taken, onDismiss, onCreated }: { taken: string[]; onDismiss: () => void; onCreated: (name: string) => void }) {
  const synthetics = useSynthetics();
  const { session } = useSession();
  const { busy, run } = useAction();
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<string[]>([]);
  const [tried, setTried] = useState(false);
  const wrong = nameProblem(name, taken);
  const submit = async (event?: FormEvent) => {
    event?.preventDefault();
    setTried(true);
    if (wrong || chosen.length > MAX_MEMBERS || busy) return;
    const made = await run('create', () => send(synthetics, createGroup({ Name: name })), { failure: `Group ${name} was not created` });
    if (!made) return;
    // The group is there; canaries that cannot be added do not undo that.
    for (const canary of chosen) {
      await run('add', () => send(synthetics, associateResource({ GroupIdentifier: name, ResourceArn: canaryArn(session.region, session.account, canary) })), { failure: `Canary ${canary} was not added` });
    }
    onCreated(name);
  };
  return (
    <Modal
      visible onDismiss={onDismiss} header="Create group" closeAriaLabel="Close"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onDismiss}>Cancel</Button>
            <Button variant="primary" loading={busy !== undefined} onClick={() => void submit()}>Create group</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form onSubmit={(e) => void submit(e)}>
        <SpaceBetween size="m">
          <FormField label="Name" constraintText="Up to 64 characters." errorText={tried ? wrong : undefined}>
            <Input value={name} onChange={(e) => setName(e.detail.value)} autoFocus ariaRequired />
          </FormField>
          <CanaryChoice chosen={chosen} onChange={setChosen} room={MAX_MEMBERS} tried={tried} />
        </SpaceBetween>
      </form>
    </Modal>
  );
}

/** Chooses canaries of this region. */
export function CanaryChoice({ chosen, onChange, room, tried, without = [] }: { chosen: string[]; onChange: (names: string[]) => void; room: number; tried: boolean; without?: string[] }) {
  const { session } = useSession();
  const names = useCanaryNames(true);
  const options: MultiselectProps.Option[] = (names.data ?? []).filter((n) => !without.includes(n)).sort().map((n) => ({ value: n, label: n }));
  return (
    <FormField
      label="Canaries" description={`Of region ${session.region}. Choose another region at the top to add those of it.`} constraintText={`Up to ${room}.`}
      errorText={tried && chosen.length > room ? `Choose at most ${room}.` : undefined}
    >
      <Multiselect
        options={options} selectedOptions={chosen.map((n) => ({ value: n, label: n }))} onChange={(e) => onChange(e.detail.selectedOptions.map((o) => o.value ?? ''))}
        placeholder="Choose canaries" filteringType="auto" filteringAriaLabel="Find canaries" empty="There are no other canaries in this region."
        statusType={names.loading ? 'loading' : names.error ? 'error' : 'finished'} loadingText="Loading canaries" errorText="The canaries could not be listed" recoveryText="Retry" onLoadItems={(e) => e.detail.samePage && void names.refresh()}
        deselectAriaLabel={(o) => `Remove ${o.label}`} tokenLimit={5} expandToViewport
      />
    </FormField>
  );
}
