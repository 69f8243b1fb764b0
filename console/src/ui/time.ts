// Times as the console writes them: in the browser's zone, which is named.

const full = new Intl.DateTimeFormat('en-US', {
  year: 'numeric', month: 'long', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZoneName: 'shortOffset',
});
const short = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

/** "November 23, 2026 at 14:05:09 (UTC+1)"; "-" for none. */
export function formatTime(t: Date | undefined): string {
  if (!t) return '-';
  const parts = Object.fromEntries(full.formatToParts(t).map((p) => [p.type, p.value]));
  const zone = (parts.timeZoneName ?? 'UTC').replace('GMT', 'UTC');
  return `${parts.month} ${parts.day}, ${parts.year} at ${parts.hour}:${parts.minute}:${parts.second} (${zone})`;
}

/** "Nov 23, 14:05:09"; "-" for none. */
export function formatShort(t: Date | undefined): string {
  return t ? short.format(t) : '-';
}

const steps: [number, Intl.RelativeTimeFormatUnit][] = [[60, 'second'], [60, 'minute'], [24, 'hour'], [30, 'day'], [12, 'month'], [Infinity, 'year']];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** "5 minutes ago"; "-" for none. */
export function formatAgo(t: Date | undefined, now = new Date()): string {
  if (!t) return '-';
  let value = (t.getTime() - now.getTime()) / 1000;
  for (const [size, unit] of steps) {
    if (Math.abs(Math.round(value)) < size) return relative.format(Math.round(value), unit);
    value /= size;
  }
  return formatTime(t);
}

/** "340 ms", "2.4 s", "1 min 5 s"; "-" for none. */
export function formatDuration(ms: number | undefined): string {
  if (ms === undefined || Number.isNaN(ms)) return '-';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Milliseconds between two times, if both are known. */
export function between(from: Date | undefined, to: Date | undefined): number | undefined {
  return from && to ? to.getTime() - from.getTime() : undefined;
}
