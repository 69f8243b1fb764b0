// Rectangles of a screenshot whose differences do not count. They are in pixels
// of the picture, from its upper left corner; (x2, y2) is the lower right one.

export interface Rect {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

export interface Size {
  width: number;
  height: number;
}

/** The most areas of one screenshot that the API takes. */
export const MAX_AREAS = 20;

/** The smallest side of an area drawn by hand; less is a slip of the mouse. */
export const MIN_SIDE = 4;

/** Reads "x1,y1,x2,y2"; undefined for anything else. Parts of pixels count as
 * nothing, as when runs are compared. */
export function parseRect(s: string): Rect | undefined {
  const parts = s.split(',').map((p) => (/^\s*\d{1,7}(\.\d+)?\s*$/.test(p) ? Math.trunc(Number(p)) : NaN));
  if (parts.length !== 4 || parts.some(Number.isNaN)) return undefined;
  const [x1, y1, x2, y2] = parts as [number, number, number, number];
  return x2 > x1 && y2 > y1 ? { x1, y1, x2, y2 } : undefined;
}

export function formatRect(r: Rect): string {
  return `${r.x1},${r.y1},${r.x2},${r.y2}`;
}

/** The rectangle between two corners in any order, in whole pixels, inside the
 * picture. */
export function between(ax: number, ay: number, bx: number, by: number, size: Size): Rect {
  const within = (v: number, max: number) => Math.min(max, Math.max(0, Math.round(v)));
  return {
    x1: within(Math.min(ax, bx), size.width),
    y1: within(Math.min(ay, by), size.height),
    x2: within(Math.max(ax, bx), size.width),
    y2: within(Math.max(ay, by), size.height),
  };
}

/** A point of the shown picture in pixels of the real one. */
export function toPicture(x: number, y: number, shown: Size, size: Size): [number, number] {
  if (shown.width <= 0 || shown.height <= 0) return [0, 0];
  return [(x / shown.width) * size.width, (y / shown.height) * size.height];
}

/** Where a rectangle is on the shown picture, in percent of its sides. */
export function toPercent(r: Rect, size: Size): { left: number; top: number; width: number; height: number } {
  const share = (v: number, of: number) => (of > 0 ? Math.min(100, Math.max(0, (v / of) * 100)) : 0);
  const left = share(r.x1, size.width);
  const top = share(r.y1, size.height);
  return { left, top, width: share(r.x2, size.width) - left, height: share(r.y2, size.height) - top };
}

/** What is wrong with an area, or "" when nothing is. */
export function problem(r: Rect, size: Size, others: Rect[]): string {
  if (![r.x1, r.y1, r.x2, r.y2].every(Number.isInteger)) return 'Coordinates must be whole numbers.';
  if (r.x1 < 0 || r.y1 < 0) return 'Coordinates must not be negative.';
  if (r.x2 > size.width || r.y2 > size.height) return `The area must be inside the picture (${size.width} × ${size.height}).`;
  if (r.x2 - r.x1 < 1 || r.y2 - r.y1 < 1) return 'Right must be greater than left, and bottom greater than top.';
  if (others.length >= MAX_AREAS) return `A screenshot can have at most ${MAX_AREAS} ignored areas.`;
  if (others.some((o) => formatRect(o) === formatRect(r))) return 'This area is ignored already.';
  return '';
}

/** The share of the picture that areas cover, in percent; parts covered twice
 * count once. */
export function coverage(areas: Rect[], size: Size): number {
  const xs = [...new Set(areas.flatMap((a) => [a.x1, a.x2]))].sort((a, b) => a - b);
  const ys = [...new Set(areas.flatMap((a) => [a.y1, a.y2]))].sort((a, b) => a - b);
  let covered = 0;
  for (let i = 0; i + 1 < xs.length; i++) {
    for (let j = 0; j + 1 < ys.length; j++) {
      const inside = areas.some((a) => a.x1 <= xs[i]! && a.x2 >= xs[i + 1]! && a.y1 <= ys[j]! && a.y2 >= ys[j + 1]!);
      if (inside) covered += (xs[i + 1]! - xs[i]!) * (ys[j + 1]! - ys[j]!);
    }
  }
  return size.width * size.height > 0 ? (covered / (size.width * size.height)) * 100 : 0;
}

/** The rectangle moved, or with its lower right corner moved, inside the
 * picture; it keeps a side of a pixel at least. */
export function moved(r: Rect, dx: number, dy: number, corner: boolean, size: Size): Rect {
  const within = (v: number, min: number, max: number) => Math.min(max, Math.max(min, v));
  if (corner) return { ...r, x2: within(r.x2 + dx, r.x1 + 1, size.width), y2: within(r.y2 + dy, r.y1 + 1, size.height) };
  const x = within(dx, -r.x1, size.width - r.x2);
  const y = within(dy, -r.y1, size.height - r.y2);
  return { x1: r.x1 + x, y1: r.y1 + y, x2: r.x2 + x, y2: r.y2 + y };
}
