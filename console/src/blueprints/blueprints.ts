// The blueprints of the repository's Go code (package blueprint), filled in by
// the same rule: a parameter's name in quotes and double braces stands for its
// value as JSON.

export interface Parameter {
  name: string;
  label: string;
  description: string;
  type: 'string' | 'number' | 'list';
  default: string | number | string[];
}

export interface Blueprint {
  name: string;
  title: string;
  description: string;
  /** Code.BlueprintTypes of the canary; nothing for scripts. */
  kind?: string;
  parameters: Parameter[];
  /** Environment variables that the script reads, and what for. */
  environment: Record<string, string>;
  /** By family of runtimes. */
  families: Record<string, { directory: string; handler: string }>;
}

type Described = Omit<Blueprint, 'name' | 'kind'> & { blueprint?: string };

const about = import.meta.glob<Described>('../../../internal/blueprint/templates/*/blueprint.json', { eager: true, import: 'default' });
const texts = import.meta.glob<string>(['../../../internal/blueprint/templates/*/*/**', '!**/blueprint.json'], { eager: true, query: '?raw', import: 'default' });

const below = (path: string) => path.slice(path.indexOf('/templates/') + '/templates/'.length);

/** All blueprints; the simplest first. */
export const blueprints: Blueprint[] = Object.entries(about)
  .map(([path, { blueprint, ...b }]) => ({ ...b, environment: b.environment ?? {}, kind: blueprint, name: below(path).split('/')[0]! }))
  .sort((a, b) => rank(a.name) - rank(b.name) || a.title.localeCompare(b.title));

function rank(name: string): number {
  const at = ['heartbeat', 'api', 'multi-checks', 'broken-links', 'visual', 'gui-workflow'].indexOf(name);
  return at < 0 ? 99 : at;
}

/** A parameter's value while it is typed: as text, lists one item a line. */
export type Values = Record<string, string>;

export const defaultsOf = (b: Blueprint): Values =>
  Object.fromEntries(b.parameters.map((p) => [p.name, Array.isArray(p.default) ? p.default.join('\n') : String(p.default)]));

/** What is wrong with a value. */
export function valueError(p: Parameter, value: string): string | undefined {
  if (p.type === 'number' && (value.trim() === '' || !Number.isFinite(Number(value)))) return 'Enter a number.';
  if (p.type === 'list' && items(value).length === 0) return 'Enter one at least.';
  return undefined;
}

const items = (value: string) => value.split('\n').map((v) => v.trim()).filter(Boolean);

function literal(p: Parameter, value: string): string {
  if (p.type === 'number') return JSON.stringify(Number(value));
  return JSON.stringify(p.type === 'list' ? items(value) : value);
}

/** The files of a blueprint for a family, by their path in the code archive. */
export function filesOf(b: Blueprint, family: string, values: Values): Record<string, string> {
  const variant = b.families[family];
  if (!variant) return {};
  const dir = `${b.name}/${variant.directory}/`;
  const filled = new Map(b.parameters.map((p) => [p.name, literal(p, values[p.name] ?? '')]));
  const fill = (text: string) => text.replace(/"\{\{([A-Za-z]+)\}\}"/g, (place, name: string) => filled.get(name) ?? place);
  return Object.fromEntries(
    Object.entries(texts)
      .map(([path, text]) => [below(path), text] as const)
      .filter(([path]) => path.startsWith(dir))
      .map(([path, text]) => [path.slice(dir.length), fill(text)]),
  );
}
