// The lines of a run's log, from CloudWatch Logs or from the log artifact.
import { fields, instant, text } from './untrusted';

export const LEVELS = ['FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE', 'PLATFORM'] as const;
export type Level = (typeof LEVELS)[number];

export interface Line {
  /** Milliseconds since 1970; NaN for a line without a time of its own. */
  time: number;
  level: Level;
  text: string;
}

/** The most lines that are shown. */
export const MAX_LINES = 10_000;

/** The longest line that is shown, in UTF-16 units. */
const MAX_LINE = 32_768;

/** Reads one event of a log stream. Lambda writes three forms:
 *
 *	START|END|REPORT RequestId: ...             of the platform itself
 *	<time>\t<request>\t<level>\t<text>          of Node.js
 *	[<level>]\t<time>\t<request>\t<text>        of Python
 *
 * and, where logs are JSON, an object with timestamp, level and message. */
export function readEvent(timestamp: number, message: string): Line {
  const line = message.replace(/\s+$/, '').slice(0, MAX_LINE);
  if (/^(START|END|REPORT|INIT_START|EXTENSION)\b/.test(line)) return { time: timestamp, level: 'PLATFORM', text: line };
  const json = line.startsWith('{') ? readObject(timestamp, line) : undefined;
  if (json) return json;
  const node = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)\t[^\t]*\t(\w+)\t([\s\S]*)$/.exec(line);
  if (node) return withPrefix(Date.parse(node[1]!), levelOf(node[2]!), node[3]!);
  const python = /^\[(\w+)\]\t(\d{4}-\d\d-\d\dT[\d:.]+Z)\t[^\t]*\t([\s\S]*)$/.exec(line);
  if (python) return withPrefix(Date.parse(python[2]!), levelOf(python[1]!), python[3]!);
  return withPrefix(timestamp, 'INFO', line);
}

/** The library's logger writes its level before the text; that one is meant. */
function withPrefix(time: number, level: Level, line: string): Line {
  const m = /^(FATAL|ERROR|WARN(?:ING)?|INFO|DEBUG|TRACE): ?/.exec(line);
  return m ? { time, level: levelOf(m[1]!), text: line.slice(m[0].length) } : { time, level, text: line };
}

function readObject(timestamp: number, line: string): Line | undefined {
  try {
    const o = fields(JSON.parse(line));
    if (typeof o.message !== 'string' && typeof o.type !== 'string') return undefined;
    if (text(o.type).startsWith('platform.')) return { time: timestamp, level: 'PLATFORM', text: line };
    const at = instant(o.timestamp);
    return { time: Number.isNaN(at) ? timestamp : at, level: levelOf(text(o.level, 16)), text: text(o.message, MAX_LINE) };
  } catch {
    return undefined;
  }
}

function levelOf(name: string): Level {
  const upper = name.toUpperCase();
  if (upper === 'WARNING') return 'WARN';
  if (upper === 'CRITICAL') return 'FATAL';
  return LEVELS.find((l) => l === upper) ?? 'INFO';
}

/** Reads the log artifact: lines "<time> <LEVEL>: <text>", and lines that go on
 * with the one before, as those of a stack. */
export function readLogFile(content: string): { lines: Line[]; omitted: number } {
  const lines: Line[] = [];
  let omitted = 0;
  for (const raw of content.split('\n')) {
    const m = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)\s+(.*)$/.exec(raw);
    const last = lines.at(-1);
    if (!m && last) {
      if (last.text.length < MAX_LINE) last.text += `\n${raw}`;
    } else if (lines.length >= MAX_LINES) {
      omitted++;
    } else if (m) {
      lines.push(withPrefix(Date.parse(m[1]!), 'INFO', m[2]!));
    } else if (raw.trim() !== '') {
      lines.push(readEvent(NaN, raw));
    }
  }
  for (const line of lines) line.text = line.text.replace(/\s+$/, '');
  return { lines, omitted };
}

/** The lines of the given levels (none: all) that contain the search text. */
export function filterLines(lines: Line[], levels: readonly string[], search: string): Line[] {
  const needle = search.trim().toLowerCase();
  return lines.filter(
    (l) => (levels.length === 0 || levels.includes(l.level)) && (needle === '' || l.text.toLowerCase().includes(needle)),
  );
}

/** A text in pieces: those at odd places match the search. */
export function pieces(line: string, search: string): string[] {
  const needle = search.trim().toLowerCase();
  if (needle === '') return [line];
  const lower = line.toLowerCase();
  // Lower case may be longer than the original in a few scripts; then nothing
  // is marked rather than the wrong part.
  if (lower.length !== line.length) return [line];
  const out: string[] = [];
  let from = 0;
  for (let at = lower.indexOf(needle); at >= 0 && out.length < 200; at = lower.indexOf(needle, from)) {
    out.push(line.slice(from, at), line.slice(at, at + needle.length));
    from = at + needle.length;
  }
  return [...out, line.slice(from)];
}

/** The time of a line as the clock of the browser's zone shows it, with
 * milliseconds. */
export function clock(time: number): string {
  if (Number.isNaN(time)) return '';
  const t = new Date(time);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}.${String(t.getMilliseconds()).padStart(3, '0')}`;
}

/** Lines as text for the clipboard. */
export function asText(lines: Line[]): string {
  return lines.map((l) => `${Number.isNaN(l.time) ? '' : `${new Date(l.time).toISOString()} `}${l.level}: ${l.text}`).join('\n');
}

/** The log group of the Lambda function whose ARN is an engine of a canary. */
export function logGroupOf(engineArn: string): string {
  const name = /:function:([^:]+)/.exec(engineArn)?.[1];
  return name ? `/aws/lambda/${name}` : '';
}

/** The log stream of a run: the day of its start and its id without dashes. */
export function logStreamOf(runId: string, started: Date): string {
  return `${started.toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${runId.replaceAll('-', '')}`;
}
