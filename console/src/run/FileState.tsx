import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Spinner from '@cloudscape-design/components/spinner';
import type { ReactNode } from 'react';
import type { Query } from '../data/useQuery';
import { ErrorAlert } from '../ui/ErrorAlert';
import type { Read } from './useRunData';

/** Shows what a file holds, or why that cannot be shown. */
export function FileState<T>({ name, query, children }: { name: string; query: Query<Read<T>>; children: (value: T) => ReactNode }) {
  if (query.data?.value !== undefined) return <>{children(query.data.value)}</>;
  if (query.data?.problem) return <Alert type="warning" header={`${name} cannot be read`}>{query.data.problem}</Alert>;
  if (query.error) return <ErrorAlert header={`${name} cannot be loaded`} error={query.error} onRetry={() => void query.refresh()} />;
  return <Box padding="l"><Spinner /> Loading {name}</Box>;
}
