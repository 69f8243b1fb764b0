import Box from '@cloudscape-design/components/box';
import Spinner from '@cloudscape-design/components/spinner';
import { useState, type CSSProperties, type ReactNode } from 'react';
import { usePicture } from './context';
import { toPercent, type Rect, type Size } from './rect';

/** A picture with its ignored areas over it. */
export function Layer({ file, alt, areas = [], onSize, children }: { file: string; alt: string; areas?: Rect[]; onSize?: (s: Size) => void; children?: ReactNode }) {
  const { picture, error } = usePicture(file);
  const [size, setSize] = useState<Size>();
  if (error) return <Box color="text-status-error">{error instanceof Error ? error.message : `${file} cannot be loaded.`}</Box>;
  if (!picture) return <Box padding="l"><Spinner /> Loading {file}</Box>;
  return (
    <div className="run-layer">
      <img
        src={picture.url} alt={alt} draggable={false}
        onLoad={(e) => {
          const s = { width: e.currentTarget.naturalWidth, height: e.currentTarget.naturalHeight };
          setSize(s);
          onSize?.(s);
        }}
      />
      {size ? areas.map((a, i) => <span key={i} className="run-area" title={`Ignored: ${a.x1}, ${a.y1} to ${a.x2}, ${a.y2}`} style={place(a, size)} />) : null}
      {children}
    </div>
  );
}

export function place(r: Rect, size: Size): CSSProperties {
  const { left, top, width, height } = toPercent(r, size);
  return { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` };
}
