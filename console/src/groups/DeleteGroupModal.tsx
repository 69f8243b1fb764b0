import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';

/** Asks before a group is deleted. No word need be typed: its canaries stay. */
export function DeleteGroupModal({ name, busy, onDelete, onDismiss }: { name: string; busy: boolean; onDelete: () => void; onDismiss: () => void }) {
  return (
    <Modal
      visible onDismiss={onDismiss} header={`Delete ${name}?`} closeAriaLabel="Close"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onDismiss}>Cancel</Button>
            <Button variant="primary" loading={busy} onClick={onDelete}>Delete</Button>
          </SpaceBetween>
        </Box>
      }
    >
      Group <b>{name}</b> will be deleted. Its canaries stay as they are.
    </Modal>
  );
}
