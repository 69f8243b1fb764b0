import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Multiselect from '@cloudscape-design/components/multiselect';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useMemo, useState } from 'react';
import type { Artifact } from './artifacts';
import { bytes } from './artifacts';
import { useRun } from './context';
import { EntryDetails } from './EntryDetails';
import { FileState } from './FileState';
import { filterEntries, KINDS, PHASE_LABELS, PHASES, readHAR, sortEntries, totals, type Column, type Marker, type Query, type Waterfall } from './har';
import { duration } from './timeline';
import { useFile } from './useRunData';
import { WaterfallGrid } from './WaterfallGrid';

/** The requests of the browser, from results.har. */
export default function WaterfallTab({ file, loading }: { file?: Artifact; loading: boolean }) {
  const { store, run } = useRun();
  const query = useFile(store, file, (v) => {
    const { waterfall, error } = readHAR(v);
    return { value: waterfall, problem: error };
  });
  if (file) return <FileState name={file.name} query={query}>{(w) => <View waterfall={w} />}</FileState>;
  return (
    <Container>
      <Box color="text-body-secondary">
        {run.Status.State === 'RUNNING' ? 'The run goes on. Its requests are shown when it has ended.' : loading ? 'Loading' : 'This run left no results.har. Scripts without a browser have none, and harFile may be switched off.'}
      </Box>
    </Container>
  );
}

const kinds = KINDS.map((k) => ({ value: k, label: k === 'fetch' ? 'Fetch and XHR' : k[0]!.toUpperCase() + k.slice(1) }));
const statuses = ['2xx', '3xx', '4xx', '5xx', 'failed'].map((s) => ({ value: s, label: s === 'failed' ? 'Failed' : s }));

function View({ waterfall }: { waterfall: Waterfall }) {
  const { store } = useRun();
  const [query, setQuery] = useState<Query>({ search: '', kinds: [], statuses: [] });
  const [sort, setSort] = useState<{ by: Column; descending: boolean }>({ by: 'start', descending: false });
  const [selected, setSelected] = useState<number>();
  const entries = useMemo(() => sortEntries(filterEntries(waterfall.entries, query), sort.by, sort.descending), [waterfall, query, sort]);
  const sum = useMemo(() => totals(entries), [entries]);
  const entry = selected === undefined ? undefined : waterfall.entries[selected];
  const all = waterfall.entries.length;
  return (
    <Container
      header={
        <Header
          variant="h2"
          counter={entries.length === all ? `(${all})` : `(${entries.length}/${all})`}
          description={`${bytes(sum.bytes)} transferred in ${duration(sum.end)}${sum.failed ? `, ${sum.failed} with an error` : ''}${waterfall.omitted ? `. ${waterfall.omitted} more are left out` : ''}.`}
          actions={<Button iconName="download" onClick={() => void store?.download('results.har')}>Download HAR</Button>}
        >
          Requests
        </Header>
      }
    >
      <div className="run-filters">
        <div className="run-filter-text">
          <TextFilter filteringText={query.search} onChange={(e) => setQuery({ ...query, search: e.detail.filteringText })} filteringPlaceholder="Find requests" filteringAriaLabel="Find requests" filteringClearAriaLabel="Clear" countText={`${entries.length} ${entries.length === 1 ? 'match' : 'matches'}`} />
        </div>
        <Multiselect
          selectedOptions={kinds.filter((k) => query.kinds.includes(k.value))} options={kinds} hideTokens placeholder="Any type" ariaLabel="Types" deselectAriaLabel={(o) => `Remove ${o.label}`}
          onChange={(e) => setQuery({ ...query, kinds: e.detail.selectedOptions.map((o) => o.value ?? '') })}
          inlineTokens
        />
        <Multiselect
          selectedOptions={statuses.filter((k) => query.statuses.includes(k.value))} options={statuses} placeholder="Any status" ariaLabel="Statuses" deselectAriaLabel={(o) => `Remove ${o.label}`}
          onChange={(e) => setQuery({ ...query, statuses: e.detail.selectedOptions.map((o) => o.value ?? '') })}
          inlineTokens
        />
      </div>
      <Legend markers={waterfall.markers} />
      <WaterfallGrid waterfall={waterfall} entries={entries} sort={sort} onSort={setSort} selected={selected} onSelect={setSelected} />
      {entry ? <EntryDetails entry={entry} began={waterfall.began} onClose={() => setSelected(undefined)} /> : null}
    </Container>
  );
}

function Legend({ markers }: { markers: Marker[] }) {
  return (
    <div className="run-legend" aria-label="Colours of the bars" role="list">
      {PHASES.map((p) => <span key={p} role="listitem"><span className="run-swatch" data-phase={p} /> {PHASE_LABELS[p]}</span>)}
      {(['DOMContentLoaded', 'load'] as const).map((name) => {
        const at = markers.filter((m) => m.name === name).map((m) => duration(m.at));
        return at.length > 0 ? <span key={name} role="listitem"><span className="run-swatch-line" data-marker={name} /> {name} {at.slice(0, 3).join(', ')}</span> : null;
      })}
    </div>
  );
}
