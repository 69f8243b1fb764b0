import Box from '@cloudscape-design/components/box';
import { ErrorAlert } from '../ui/ErrorAlert';

/** What is shown when the server does not even tell its configuration. */
export default function Unreachable({ error }: { error: unknown }) {
  return (
    <Box padding="xxl">
      <ErrorAlert header="The server does not answer" error={error} onRetry={() => location.reload()} />
    </Box>
  );
}
