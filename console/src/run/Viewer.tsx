import Button from '@cloudscape-design/components/button';
import Spinner from '@cloudscape-design/components/spinner';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { usePicture } from './context';
import type { Shot } from './report';

const ZOOMS = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4];

/** A screenshot over the whole page. Left and right lead to the others, plus and
 * minus zoom, 0 fits, Escape closes. A dialog of the browser keeps the focus
 * inside and gives it back. */
export function Viewer({ shots, index, onMove, onClose }: { shots: Shot[]; index: number; onMove: (index: number) => void; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [zoom, setZoom] = useState<number>(); // undefined fits
  useEffect(() => {
    if (dialog.current?.open) return;
    dialog.current?.showModal();
    dialog.current?.focus(); // not its first button, whose outline would draw the eye
  }, []);
  const close = () => dialog.current?.close(); // which tells onClose
  const shot = shots[index]!;
  const { picture, error } = usePicture(shot.file);
  const move = (by: number) => {
    const next = index + by;
    if (next >= 0 && next < shots.length) onMove(next);
  };
  const step = (by: 1 | -1) => setZoom((z) => (by > 0 ? ZOOMS.find((x) => x > (z ?? 0.5)) ?? 4 : ZOOMS.findLast((x) => x < (z ?? 1)) ?? 0.25));
  const keys: Record<string, () => void> = {
    ArrowLeft: () => move(-1), ArrowRight: () => move(1), Home: () => onMove(0), End: () => onMove(shots.length - 1),
    '+': () => step(1), '=': () => step(1), '-': () => step(-1), '0': () => setZoom(undefined),
  };
  const onKeyDown = (e: KeyboardEvent) => {
    const act = keys[e.key];
    if (!act || e.ctrlKey || e.metaKey || e.altKey) return;
    // A picture that is larger than its frame is moved by the arrows first.
    if (zoom && e.key.startsWith('Arrow') && (e.target as Element).classList.contains('run-viewer-stage')) return;
    e.preventDefault();
    act();
  };
  return (
    <dialog ref={dialog} className="run-viewer" tabIndex={-1} aria-label={`Screenshot ${index + 1} of ${shots.length}: ${shot.file}`} onClose={onClose} onKeyDown={onKeyDown}>
      <div className="run-viewer-bar">
        <div className="run-viewer-title" aria-live="polite">
          <strong>{shot.file}</strong> <span className="run-small">{index + 1} of {shots.length}</span>
          <div className="run-small run-prose">{shot.page}</div>
        </div>
        <div className="run-viewer-tools">
          <Button variant="icon" iconName="zoom-out" ariaLabel="Zoom out" onClick={() => step(-1)} />
          <span className="run-viewer-zoom" aria-live="polite">{zoom ? `${zoom * 100}%` : 'Fit'}</span>
          <Button variant="icon" iconName="zoom-in" ariaLabel="Zoom in" onClick={() => step(1)} />
          <Button variant="icon" iconName="zoom-to-fit" ariaLabel="Fit to the window" onClick={() => setZoom(undefined)} />
          <Button variant="icon" iconName="angle-left" ariaLabel="Previous screenshot" disabled={index === 0} onClick={() => move(-1)} />
          <Button variant="icon" iconName="angle-right" ariaLabel="Next screenshot" disabled={index === shots.length - 1} onClick={() => move(1)} />
          <Button variant="icon" iconName="close" ariaLabel="Close" onClick={close} />
        </div>
      </div>
      <div className="run-viewer-stage" data-fit={zoom === undefined || undefined} tabIndex={zoom ? 0 : undefined} role={zoom ? 'region' : undefined} aria-label={zoom ? 'Picture, larger than its frame' : undefined}>
        {picture ? <Zoomed url={picture.url} zoom={zoom} alt={`Screenshot of ${shot.page || 'the page'}`} /> : error ? <span>{error instanceof Error ? error.message : 'The picture cannot be loaded.'}</span> : <Spinner size="large" />}
      </div>
    </dialog>
  );
}

/** A picture at a scale of its own pixels; without zoom as large as fits. */
function Zoomed({ url, zoom, alt }: { url: string; zoom?: number; alt: string }) {
  const [width, setWidth] = useState(0);
  return <img src={url} alt={alt} onLoad={(e) => setWidth(e.currentTarget.naturalWidth)} style={zoom && width ? { inlineSize: width * zoom } : undefined} />;
}
