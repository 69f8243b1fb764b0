import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import { tell } from '../aws/errors';

/** An error of the API where its answer would have been. */
export function ErrorAlert({ header, error, onRetry }: { header: string; error: unknown; onRetry?: () => void }) {
  const { code, message, requestId } = tell(error);
  return (
    <Alert type="error" header={header} action={onRetry ? <Button onClick={onRetry}>Retry</Button> : undefined}>
      <Box color="inherit" variant="span" fontWeight="bold">{code}: </Box>
      {message}
      {requestId ? <Box color="inherit" fontSize="body-s">Request ID: {requestId}</Box> : null}
    </Alert>
  );
}
