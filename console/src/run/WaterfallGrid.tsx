import { memo, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import { Axis } from './Axis';
import { bytes } from './artifacts';
import { shortURL, type Column, type Entry, type Waterfall } from './har';
import { bar, duration, ticks, visibleRows } from './timeline';

const ROW = 30;

type Sort = { by: Column; descending: boolean };

interface Props {
  waterfall: Waterfall;
  entries: Entry[];
  sort: Sort;
  onSort(sort: Sort): void;
  /** Entry.index of the one whose details are open. */
  selected?: number;
  onSelect(index: number | undefined): void;
}

const columns: { by: Column; label: string; className: string }[] = [
  { by: 'method', label: 'Method', className: 'wf-method' },
  { by: 'url', label: 'URL', className: 'wf-url' },
  { by: 'status', label: 'Status', className: 'wf-status' },
  { by: 'kind', label: 'Type', className: 'wf-kind' },
  { by: 'size', label: 'Size', className: 'wf-size' },
  { by: 'time', label: 'Time', className: 'wf-time' },
  { by: 'start', label: 'Waterfall', className: 'wf-bars' },
];

/** The rows of a waterfall. Only those in view are drawn, so that thousands of
 * requests scroll as well as ten; the grid tells their number to screen readers.
 * It is one stop of the Tab key: arrows, Page Up and Down, Home and End move the
 * active row, Enter opens its details. */
export function WaterfallGrid({ waterfall, entries, sort, onSort, selected, onSelect }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 480 });
  const [active, setActive] = useState(0);
  useEffect(() => setActive((a) => Math.min(a, Math.max(0, entries.length - 1))), [entries.length]);
  useLayoutEffect(() => {
    const s = scroller.current!;
    const measure = () => setView({ top: s.scrollTop, height: s.clientHeight });
    const watch = new ResizeObserver(measure);
    watch.observe(s);
    return () => watch.disconnect();
  }, []);

  const { first, last } = visibleRows(view.top, view.height, ROW, entries.length);
  const go = (to: number) => {
    const row = Math.min(entries.length - 1, Math.max(0, to));
    setActive(row);
    if (selected !== undefined) onSelect(entries[row]?.index);
    const s = scroller.current!;
    if (row * ROW < s.scrollTop) s.scrollTop = row * ROW;
    else if ((row + 1) * ROW > s.scrollTop + s.clientHeight - 34) s.scrollTop = (row + 1) * ROW - s.clientHeight + 34;
  };
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.target !== e.currentTarget) return;
    const page = Math.max(1, Math.floor(view.height / ROW) - 2);
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(active + 1), ArrowUp: () => go(active - 1), PageDown: () => go(active + page), PageUp: () => go(active - page),
      Home: () => go(0), End: () => go(entries.length - 1),
      Enter: () => onSelect(entries[active]?.index), ' ': () => onSelect(entries[active]?.index), Escape: () => onSelect(undefined),
    };
    if (!keys[e.key]) return;
    e.preventDefault();
    keys[e.key]!();
  };

  return (
    <div
      ref={scroller} className="wf" role="grid" aria-label="Requests" aria-rowcount={entries.length + 1} aria-colcount={columns.length} tabIndex={0}
      aria-activedescendant={entries[active] && active >= first && active < last ? `wf-${entries[active].index}` : undefined}
      onScroll={(e) => setView({ top: e.currentTarget.scrollTop, height: e.currentTarget.clientHeight })}
      onKeyDown={onKeyDown}
    >
      <Head sort={sort} onSort={onSort} span={waterfall.span} />
      <div className="wf-body" role="rowgroup" style={{ height: entries.length * ROW }}>
        <Markers waterfall={waterfall} />
        {entries.slice(first, last).map((e, i) => (
          <Row key={e.index} entry={e} row={first + i} span={waterfall.span} active={first + i === active} selected={e.index === selected} onSelect={(index) => {
            setActive(first + i);
            onSelect(index);
          }} />
        ))}
      </div>
      {entries.length === 0 ? <div className="wf-none">No request matches.</div> : null}
    </div>
  );
}

function Head({ sort, onSort, span }: { sort: Sort; onSort: (s: Sort) => void; span: number }) {
  return (
    <div className="wf-row wf-head" role="row" aria-rowindex={1}>
      {columns.map((c) => {
        const on = sort.by === c.by;
        return (
          <div key={c.by} role="columnheader" className={c.className} aria-sort={on ? (sort.descending ? 'descending' : 'ascending') : 'none'}>
            <button type="button" onClick={() => onSort({ by: c.by, descending: on && !sort.descending })}>
              {c.label}{on ? <span aria-hidden="true">{sort.descending ? ' ▾' : ' ▴'}</span> : null}
            </button>
            {c.by === 'start' ? <div className="wf-axis" aria-hidden="true"><Axis span={span} count={4} /></div> : null}
          </div>
        );
      })}
    </div>
  );
}

const Row = memo(RowView, (a, b) => a.entry === b.entry && a.row === b.row && a.span === b.span && a.active === b.active && a.selected === b.selected);

function RowView({ entry: e, row, span, active, selected, onSelect }: { entry: Entry; row: number; span: number; active: boolean; selected: boolean; onSelect: (index: number) => void }) {
  const { name, host } = shortURL(e.url);
  const bad = e.status >= 400 || e.status < 100;
  return (
    <div id={`wf-${e.index}`} className="wf-row" role="row" aria-rowindex={row + 2} aria-selected={selected} data-active={active || undefined} data-bad={bad || undefined} style={{ top: row * ROW }} onClick={() => onSelect(e.index)}>
      <div role="gridcell" className="wf-method">{e.method}</div>
      <div role="gridcell" className="wf-url" title={e.url}><span className="wf-name">{name}</span> <span className="wf-host">{host}</span></div>
      <div role="gridcell" className="wf-status" title={e.error || e.statusText}>{e.status > 0 ? e.status : 'Failed'}</div>
      <div role="gridcell" className="wf-kind">{e.kind}</div>
      <div role="gridcell" className="wf-size">{e.cached ? 'cache' : bytes(e.size)}</div>
      <div role="gridcell" className="wf-time">{duration(e.time)}</div>
      <div role="gridcell" className="wf-bars" aria-label={`from ${duration(e.start)} on, for ${duration(e.time)}`}><Bar entry={e} span={span} /></div>
    </div>
  );
}

/** The request's time on the axis, in the colours of its parts. */
function Bar({ entry, span }: { entry: Entry; span: number }) {
  const { left, width } = bar(0, span, entry.start, entry.start + entry.time);
  return (
    <div className="wf-bar" style={{ left: `${left * 100}%`, width: `${width * 100}%` }}>
      {entry.phases.map((p) => <span key={p.name} data-phase={p.name} style={{ width: `${entry.time > 0 ? (p.ms / entry.time) * 100 : 0}%` }} />)}
    </div>
  );
}

/** Lines across all rows: of the axis, and of the events of the page. */
function Markers({ waterfall: { markers, span } }: { waterfall: Waterfall }) {
  return (
    <div className="wf-markers" aria-hidden="true">
      <div>
        {ticks(span, 4).slice(1).map((t) => <div key={t} className="wf-tick" style={{ left: `${(t / span) * 100}%` }} />)}
        {markers.slice(0, 20).map((m, i) => (
          <div key={i} className="wf-marker" data-marker={m.name} style={{ left: `${(m.at / span) * 100}%` }} />
        ))}
      </div>
    </div>
  );
}
