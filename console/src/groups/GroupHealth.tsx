import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { Summary } from './groups';

/** The state of a group in a word or two. */
export function GroupHealth({ summary: s }: { summary: Summary }) {
  switch (s.health) {
    case 'failing':
      return <StatusIndicator type="error">{s.failing} of {s.total} failing</StatusIndicator>;
    case 'passing':
      return <StatusIndicator type="success">{s.unknown === 0 ? 'All passing' : `${s.passing} of ${s.total} passing`}</StatusIndicator>;
    case 'idle':
      return <StatusIndicator type="pending">No results</StatusIndicator>;
    case 'empty':
      return <StatusIndicator type="stopped">No canaries</StatusIndicator>;
  }
}

/** How many canaries pass, fail, and have not told. */
export function HealthBar({ summary: s }: { summary: Summary }) {
  if (s.total === 0) return <>-</>;
  const parts = [['passing', s.passing], ['failing', s.failing], ['unknown', s.unknown]] as const;
  const text = parts.filter(([, n]) => n > 0).map(([what, n]) => `${n} ${what === 'unknown' ? 'without a result' : what}`).join(', ');
  return (
    <div className="group-bar" role="img" aria-label={text} title={text}>
      {parts.map(([what, n]) => (n > 0 ? <span key={what} data-health={what} style={{ flexGrow: n }} /> : null))}
    </div>
  );
}
