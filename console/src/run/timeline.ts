// Laying out spans of time: the bars of steps and of requests, and their axis.

/** A span as fractions (0..1) of the axis. */
export interface Bar {
  left: number;
  width: number;
}

/** The part of [from, to] that a span takes, clipped to it. Times are in
 * milliseconds; a span without a known end goes on to the end of the axis. */
export function bar(from: number, to: number, start: number, end: number): Bar {
  const span = to - from;
  if (!(span > 0) || Number.isNaN(start)) return { left: 0, width: 0 };
  const a = clamp((start - from) / span);
  const b = clamp(((Number.isNaN(end) ? to : end) - from) / span);
  return { left: a, width: Math.max(0, b - a) };
}

function clamp(x: number): number {
  return Math.min(1, Math.max(0, x));
}

/** Round values from 0 up to span, at most count apart from 0: 1, 2 or 5 times
 * a power of ten. */
export function ticks(span: number, count = 6): number[] {
  if (!(span > 0) || !Number.isFinite(span)) return [0];
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((m) => m * power >= raw) ?? 10) * power;
  const out: number[] = [];
  for (let i = 0; i * step <= span; i++) out.push(i * step);
  return out;
}

/** A duration in milliseconds for people: 0.4 ms, 25 ms, 1.25 s, 2 min 5 s. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '–';
  if (ms < 1) return `${trim(ms, 2)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${trim(ms / 1000, 2)} s`;
  const seconds = Math.round(ms / 1000);
  const rest = seconds % 60;
  return `${Math.floor(seconds / 60)} min${rest ? ` ${rest} s` : ''}`;
}

function trim(x: number, digits: number): string {
  return x.toFixed(digits).replace(/\.?0+$/, '');
}

/** The bounds of all times that are known; NaN, NaN when there is none. */
export function extent(times: number[]): [number, number] {
  const known = times.filter((t) => Number.isFinite(t));
  if (known.length === 0) return [NaN, NaN];
  // Not Math.min(...known): a long argument list overflows the stack.
  return known.reduce<[number, number]>(([a, b], t) => [Math.min(a, t), Math.max(b, t)], [Infinity, -Infinity]);
}

/** A window on rows of one height: which to draw, and how far down they begin. */
export function visibleRows(scrollTop: number, height: number, row: number, count: number, spare = 8): { first: number; last: number } {
  const first = Math.max(0, Math.floor(scrollTop / row) - spare);
  const last = Math.min(count, Math.ceil((scrollTop + height) / row) + spare);
  return { first: Math.min(first, count), last: Math.max(last, Math.min(first, count)) };
}
