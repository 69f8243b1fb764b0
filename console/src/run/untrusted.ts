// Reading what a canary's script may have written.
//
// Artifacts are made inside the sandbox by somebody's script, so nothing about
// them is certain: not their type, not their size, not that a time is a time.
// Everything that parses one goes through these functions, which never throw
// and always bound what they return.

export type Fields = Record<string, unknown>;

/** The longest text that is taken over from an artifact, in UTF-16 units. */
export const MAX_TEXT = 4096;

/** Parses JSON; the error says what is wrong and where, without the content. */
export function parseJSON(text: string): { value?: unknown; error?: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (e) {
    return { error: `This file is not valid JSON (${e instanceof Error ? e.message.slice(0, 200) : 'unreadable'}).` };
  }
}

/** The fields of an object; none for anything else. */
export function fields(v: unknown): Fields {
  return typeof v === 'object' && v !== null && !Array.isArray(v) ? (v as Fields) : {};
}

/** At most max items of an array; none for anything else. */
export function list(v: unknown, max = 10_000): unknown[] {
  return Array.isArray(v) ? v.slice(0, max) : [];
}

/** Text, cut to max; numbers and booleans are spelled, the rest is "". */
export function text(v: unknown, max = MAX_TEXT): string {
  if (typeof v === 'number' || typeof v === 'boolean') return String(v);
  if (typeof v !== 'string') return '';
  return v.length > max ? `${v.slice(0, max)}…` : v;
}

/** A finite number, or what stands in for one. Numbers in text are taken. */
export function number(v: unknown, otherwise = 0): number {
  const n = typeof v === 'string' && v.trim() !== '' ? Number(v) : v;
  return typeof n === 'number' && Number.isFinite(n) ? n : otherwise;
}

/** Milliseconds since 1970 of an ISO time or a number; NaN when it is neither. */
export function instant(v: unknown): number {
  if (typeof v === 'number') return v;
  return typeof v === 'string' ? Date.parse(v) : NaN;
}

/** One of the allowed words, or the first of them. */
export function word<T extends string>(v: unknown, allowed: readonly [T, ...T[]]): T {
  return allowed.find((w) => w === v) ?? allowed[0];
}
