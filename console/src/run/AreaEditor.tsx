import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { Layer, place } from './Layer';
import { between, coverage, formatRect, MAX_AREAS, MIN_SIDE, moved, problem, toPicture, type Rect, type Size } from './rect';

interface Props {
  file: string;
  saved: Rect[];
  saving: boolean;
  onSave: (areas: Rect[]) => Promise<boolean>;
}

/** Areas of a picture that do not count: drawn with the pointer, or typed. */
export function AreaEditor({ file, saved, saving, onSave }: Props) {
  const [areas, setAreas] = useState(saved);
  const [size, setSize] = useState<Size>();
  const [drawing, setDrawing] = useState<Rect>();
  const from = useRef<[number, number]>(null);
  const changed = areas.map(formatRect).join(';') !== saved.map(formatRect).join(';');
  const add = (r: Rect) => setAreas((all) => [...all, r]);
  const change = (i: number, r: Rect) => setAreas((all) => all.map((a, j) => (i === j ? r : a)));
  const remove = (i: number) => setAreas((all) => all.filter((_, j) => j !== i));

  const point = (e: PointerEvent<HTMLDivElement>): [number, number] => {
    const box = e.currentTarget.getBoundingClientRect();
    return toPicture(e.clientX - box.left, e.clientY - box.top, box, size!);
  };
  const down = (e: PointerEvent<HTMLDivElement>) => {
    if (!size || e.button !== 0 || areas.length >= MAX_AREAS) return;
    e.currentTarget.setPointerCapture(e.pointerId);
    from.current = point(e);
  };
  const move = (e: PointerEvent<HTMLDivElement>) => {
    if (from.current && size) setDrawing(between(...from.current, ...point(e), size));
  };
  const up = () => {
    from.current = null;
    setDrawing(undefined);
    if (drawing && size && drawing.x2 - drawing.x1 >= MIN_SIDE && drawing.y2 - drawing.y1 >= MIN_SIDE && !problem(drawing, size, areas)) add(drawing);
  };

  return (
    <SpaceBetween size="m">
      <Box color="text-body-secondary">Draw a rectangle over what changes from run to run, or type its corners below. It is not compared in the runs to come.</Box>
      <div className="run-draw" onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={() => {
        from.current = null;
        setDrawing(undefined);
      }}>
        <Layer file={file} alt="Screenshot of this run" onSize={setSize}>
          {size ? areas.map((a, i) => <Handle key={i} area={a} n={i + 1} size={size} onChange={(r) => change(i, r)} onRemove={() => remove(i)} />) : null}
          {size && drawing ? <span className="run-area" data-new style={place(drawing, size)} /> : null}
        </Layer>
      </div>
      <AreaList areas={areas} onRemove={remove} size={size} />
      {size ? <NewArea size={size} areas={areas} onAdd={add} /> : null}
      <SpaceBetween direction="horizontal" size="xs">
        <Button variant="primary" disabled={!changed} loading={saving} onClick={() => void onSave(areas)}>Save ignored areas</Button>
        <Button disabled={!changed || saving} onClick={() => setAreas(saved)}>Discard changes</Button>
      </SpaceBetween>
    </SpaceBetween>
  );
}

/** An area on the picture. Arrows move it, with Shift they move its lower right
 * corner, Control makes ten pixels of one, Delete removes it. */
function Handle({ area, n, size, onChange, onRemove }: { area: Rect; n: number; size: Size; onChange: (r: Rect) => void; onRemove: () => void }) {
  const onKeyDown = (e: KeyboardEvent) => {
    const by = e.ctrlKey || e.metaKey ? 10 : 1;
    const arrows: Record<string, [number, number]> = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] };
    const arrow = arrows[e.key];
    if (arrow) onChange(moved(area, ...arrow, e.shiftKey, size));
    else if (e.key === 'Delete' || e.key === 'Backspace') onRemove();
    else return;
    e.preventDefault();
  };
  return (
    <button
      type="button" className="run-area" style={place(area, size)} onKeyDown={onKeyDown} onPointerDown={(e) => e.stopPropagation()}
      aria-label={`Ignored area ${n}: ${area.x1}, ${area.y1} to ${area.x2}, ${area.y2}. Arrows move it, Shift and arrows change its size, Delete removes it.`}
    >
      <span className="run-area-number" aria-hidden="true">{n}</span>
    </button>
  );
}

function AreaList({ areas, onRemove, size }: { areas: Rect[]; onRemove: (i: number) => void; size?: Size }) {
  if (areas.length === 0) return <Box color="text-body-secondary">No area is ignored.</Box>;
  return (
    <div>
      <ol className="run-areas" aria-label="Ignored areas">
        {areas.map((a, i) => (
          <li key={i}>
            <span>From {a.x1}, {a.y1} to {a.x2}, {a.y2} ({a.x2 - a.x1} × {a.y2 - a.y1} pixels)</span>
            <Button variant="inline-icon" iconName="remove" ariaLabel={`Remove ignored area ${i + 1}`} onClick={() => onRemove(i)} />
          </li>
        ))}
      </ol>
      {size ? <Box fontSize="body-s" color="text-body-secondary">Together {coverage(areas, size).toFixed(1)}% of the picture.</Box> : null}
    </div>
  );
}

const corners = [['x1', 'Left'], ['y1', 'Top'], ['x2', 'Right'], ['y2', 'Bottom']] as const;

/** Four fields for those who do not draw. */
function NewArea({ size, areas, onAdd }: { size: Size; areas: Rect[]; onAdd: (r: Rect) => void }) {
  const empty = { x1: '', y1: '', x2: '', y2: '' };
  const [typed, setTyped] = useState(empty);
  const [tried, setTried] = useState(false);
  const rect = Object.fromEntries(corners.map(([k]) => [k, typed[k].trim() === '' ? NaN : Number(typed[k])])) as unknown as Rect;
  const wrong = problem(rect, size, areas);
  const submit = () => {
    setTried(true);
    if (wrong) return;
    onAdd(rect);
    setTyped(empty);
    setTried(false);
  };
  return (
    <FormField label="New area" description={`In pixels of the picture, which has ${size.width} × ${size.height}.`} errorText={tried ? wrong : undefined} stretch>
      <div className="run-corners">
        {corners.map(([k, label]) => (
          <div key={k}>
            <Input
              value={typed[k]} type="number" inputMode="numeric" ariaLabel={label} placeholder={label} onChange={(e) => setTyped({ ...typed, [k]: e.detail.value })}
              onKeyDown={(e) => e.detail.key === 'Enter' && submit()}
            />
          </div>
        ))}
        <Button iconName="add-plus" onClick={submit}>Add area</Button>
      </div>
    </FormField>
  );
}
