import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input, { type InputProps } from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useEffect, useRef, useState, type FormEvent } from 'react';

interface DeleteModalProps {
  /** Names of canaries; the modal is shown while there are some. */
  names: string[];
  busy: boolean;
  onDelete(): void;
  onDismiss(): void;
}

const word = 'delete';

/** Asks for a word before canaries are deleted. */
export function DeleteModal({ names, busy, onDelete, onDismiss }: DeleteModalProps) {
  const input = useRef<InputProps.Ref>(null);
  const [typed, setTyped] = useState('');
  const [what, setWhat] = useState(names);
  useEffect(() => {
    setTyped('');
    if (!names.length) return;
    setWhat(names);
    input.current?.focus(); // after the modal has taken it for its first button
  }, [names]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed === word && !busy) onDelete();
  };
  const title = what.length === 1 ? `Delete ${what[0]}?` : `Delete ${what.length} canaries?`;
  return (
    <Modal
      visible={names.length > 0}
      onDismiss={onDismiss}
      header={title}
      closeAriaLabel="Close"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onDismiss}>Cancel</Button>
            <Button variant="primary" disabled={typed !== word} loading={busy} onClick={onDelete}>Delete</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form onSubmit={submit}>
        <SpaceBetween size="m">
          <Box variant="span">
            {what.length === 1 ? <>Canary <b>{what[0]}</b> and its runs will be deleted.</> : <>These canaries and their runs will be deleted: <b>{what.join(', ')}</b></>}
          </Box>
          <Alert type="info">Artifacts in Amazon S3, the log group and alarms stay.</Alert>
          <FormField label={<>To confirm, type <i>{word}</i></>}>
            <Input ref={input} value={typed} onChange={(e) => setTyped(e.detail.value)} placeholder={word} ariaRequired />
          </FormField>
        </SpaceBetween>
      </form>
    </Modal>
  );
}
