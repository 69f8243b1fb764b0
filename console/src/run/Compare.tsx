import Box from '@cloudscape-design/components/box';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useId, useState, type PointerEvent, type ReactNode } from 'react';
import { AreaEditor } from './AreaEditor';
import { Layer } from './Layer';
import type { Rect } from './rect';
import type { Shot } from './report';

type Mode = 'side' | 'slider' | 'onion' | 'difference' | 'areas';

const modes: { id: Mode; text: string }[] = [
  { id: 'side', text: 'Side by side' }, { id: 'slider', text: 'Slider' }, { id: 'onion', text: 'Onion skin' }, { id: 'difference', text: 'Difference' }, { id: 'areas', text: 'Ignore areas' },
];

interface Props {
  shot: Shot;
  areas: Rect[];
  saving: boolean;
  /** Saves other areas; undefined where there is no baseline to have them. */
  onSave?: (areas: Rect[]) => Promise<boolean>;
}

/** A screenshot and its baseline in several ways. */
export function Compare({ shot, areas, saving, onSave }: Props) {
  const [mode, setMode] = useState<Mode>('side');
  const test = shot.visual!;
  const same = !test.baseline && test.status !== 'ERROR';
  return (
    <SpaceBetween size="m">
      <SegmentedControl label="How to compare" selectedId={mode} onChange={(e) => setMode(e.detail.selectedId as Mode)} options={modes.filter((m) => m.id !== 'areas' || onSave)} />
      {same && mode !== 'areas' ? <Box color="text-body-secondary">No pixel that counts differs from the baseline, so the run kept no copy of it.</Box> : null}
      {mode === 'side' ? (
        <div className="run-compare-side">
          {test.baseline ? <Figure title="Baseline"><Layer file={test.baseline} alt="Screenshot of the baseline" areas={areas} /></Figure> : null}
          <Figure title="This run"><Layer file={shot.file} alt="Screenshot of this run" areas={areas} /></Figure>
          {test.difference ? <Figure title="Difference"><Layer file={test.difference} alt="This run with what differs highlighted" areas={areas} /></Figure> : null}
        </div>
      ) : null}
      {mode === 'slider' ? <Sliding base={test.baseline} file={shot.file} areas={areas} /> : null}
      {mode === 'onion' ? <Onion base={test.baseline} file={shot.file} areas={areas} /> : null}
      {mode === 'difference' ? <Layer file={test.difference || shot.file} alt="This run with what differs highlighted" areas={areas} /> : null}
      {mode === 'areas' && onSave ? <AreaEditor file={test.difference || shot.file} saved={areas} saving={saving} onSave={onSave} /> : null}
    </SpaceBetween>
  );
}

function Figure({ title, children }: { title: string; children: ReactNode }) {
  return <figure className="run-figure"><figcaption>{title}</figcaption>{children}</figure>;
}

/** The baseline to the left of a line, this run to the right of it. The line
 * follows the pointer, or the arrow keys on the control below. */
function Sliding({ base, file, areas }: { base: string; file: string; areas: Rect[] }) {
  const [at, setAt] = useState(50);
  if (!base) return <Layer file={file} alt="Screenshot of this run" areas={areas} />;
  const follow = (e: PointerEvent<HTMLDivElement>) => {
    if (e.type === 'pointermove' && e.buttons === 0) return;
    const box = e.currentTarget.getBoundingClientRect();
    setAt(Math.min(100, Math.max(0, ((e.clientX - box.left) / box.width) * 100)));
  };
  return (
    <div>
      <div className="run-stack" data-slider onPointerDown={follow} onPointerMove={follow}>
        <Layer file={file} alt="Screenshot of this run" areas={areas} />
        <div className="run-over" style={{ clipPath: `inset(0 ${100 - at}% 0 0)` }}><Layer file={base} alt="Screenshot of the baseline" /></div>
        <div className="run-slider-line" aria-hidden="true" style={{ left: `${at}%` }} />
      </div>
      <Range label="Baseline to the left, this run to the right" value={at} onChange={setAt} />
    </div>
  );
}

/** This run over the baseline, as transparent as one likes. */
function Onion({ base, file, areas }: { base: string; file: string; areas: Rect[] }) {
  const [opacity, setOpacity] = useState(50);
  if (!base) return <Layer file={file} alt="Screenshot of this run" areas={areas} />;
  return (
    <div>
      <div className="run-stack">
        <Layer file={base} alt="Screenshot of the baseline" />
        <div className="run-over" style={{ opacity: opacity / 100 }}><Layer file={file} alt="Screenshot of this run" areas={areas} /></div>
      </div>
      <Range label="How much of this run is seen" value={opacity} onChange={setOpacity} />
    </div>
  );
}

function Range({ label, value, onChange }: { label: string; value: number; onChange: (v: number) => void }) {
  const id = useId();
  return (
    <div className="run-range">
      <label htmlFor={id}>{label}</label>
      <input id={id} type="range" min={0} max={100} step={1} value={Math.round(value)} onChange={(e) => onChange(Number(e.target.value))} aria-valuetext={`${Math.round(value)} percent`} />
    </div>
  );
}
