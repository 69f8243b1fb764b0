import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Tabs from '@cloudscape-design/components/tabs';
import { bytes } from './artifacts';
import { PHASE_LABELS, type Entry, type Pair } from './har';
import { bar, duration } from './timeline';

/** Everything about one request. */
export function EntryDetails({ entry: e, began, onClose }: { entry: Entry; began: number; onClose: () => void }) {
  return (
    <section className="run-details" aria-label="Details of the request">
      <Header variant="h3" actions={<Button variant="icon" iconName="close" ariaLabel="Close the details" onClick={onClose} />}>
        <span className="run-prose">{e.method} {e.url}</span>
      </Header>
      <Tabs
        variant="default"
        ariaLabel="Details of the request"
        tabs={[
          { id: 'general', label: 'General', content: <General entry={e} began={began} /> },
          { id: 'timings', label: 'Timings', content: <Timings entry={e} /> },
          { id: 'headers', label: 'Headers', content: <><Pairs title="Response headers" pairs={e.responseHeaders} /><Pairs title="Request headers" pairs={e.requestHeaders} /></> },
          ...(e.query.length ? [{ id: 'query', label: `Query (${e.query.length})`, content: <Pairs title="Query parameters" pairs={e.query} /> }] : []),
          ...(e.requestBody ? [{ id: 'body', label: 'Request body', content: <pre className="run-code">{e.requestBody}</pre> }] : []),
          ...(e.responseBody ? [{ id: 'answer', label: 'Response body', content: <pre className="run-code">{e.responseBody}</pre> }] : []),
        ]}
      />
    </section>
  );
}

function General({ entry: e, began }: { entry: Entry; began: number }) {
  return (
    <KeyValuePairs
      columns={3}
      items={[
        { label: 'Status', value: e.status > 0 ? `${e.status} ${e.statusText}` : `Failed${e.error ? `: ${e.error}` : ''}` },
        { label: 'Type', value: e.mime || e.kind },
        { label: 'Size', value: e.cached ? 'From the cache' : bytes(e.size) },
        { label: 'Started', value: `${new Date(began + e.start).toISOString()} (after ${duration(e.start)})` },
        { label: 'Time', value: duration(e.time) },
        { label: 'Protocol and address', value: [e.protocol, e.address].filter(Boolean).join(', ') || '-' },
        ...(e.redirect ? [{ label: 'Redirected to', value: <span className="run-prose">{e.redirect}</span> }] : []),
      ]}
    />
  );
}

function Timings({ entry: e }: { entry: Entry }) {
  const starts = e.phases.map((_, i) => e.phases.slice(0, i).reduce((sum, p) => sum + p.ms, 0));
  if (e.phases.length === 0) return <Box color="text-body-secondary">The archive has no timings of this request.</Box>;
  return (
    <div className="run-timings" role="table" aria-label="Timings">
      {e.phases.map((p, i) => {
        const { left, width } = bar(0, e.time, starts[i]!, starts[i]! + p.ms);
        return (
          <div key={p.name} role="row">
            <span role="rowheader">{PHASE_LABELS[p.name]}</span>
            <span role="cell" className="run-timings-track" aria-hidden="true"><span data-phase={p.name} style={{ left: `${left * 100}%`, width: `${width * 100}%` }} /></span>
            <span role="cell">{duration(p.ms)}</span>
          </div>
        );
      })}
      <div role="row"><strong role="rowheader">Total</strong><span role="cell" /><strong role="cell">{duration(e.time)}</strong></div>
    </div>
  );
}

export function Pairs({ title, pairs }: { title: string; pairs: Pair[] }) {
  return (
    <>
      <Box variant="h4" padding={{ top: 'xs', bottom: 'xxs' }}>{title} ({pairs.length})</Box>
      <dl className="run-pairs">
        {pairs.map((p, i) => <div key={i}><dt>{p.name}</dt><dd>{p.value}</dd></div>)}
      </dl>
    </>
  );
}
