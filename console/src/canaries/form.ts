// What the form for canaries holds, and the request that it becomes.
import { blueprints, defaultsOf, filesOf, valueError, type Blueprint, type Values } from '../blueprints/blueprints';
import type { BrowserType, Canary, CanaryInput } from '../aws/model';
import { pairsOf, recordOf, type Pair } from './PairsEditor';
import { hasBrowserChoice, hasDryRuns, parseRuntime, scriptFile } from './runtime';

export type Source = 'blueprint' | 'editor' | 'upload' | 's3' | 'keep';
export type When = 'rate' | 'cron' | 'once';

export interface CanaryForm {
  name: string;
  source: Source;
  blueprint: string;
  values: Values;
  /** The script of the editor. */
  script: string;
  upload: File[];
  s3: string;
  runtime: string;
  handler: string;
  browsers: BrowserType[];
  when: When;
  rate: string;
  unit: 'minute' | 'hour';
  cron: string;
  /** Hours to run for; empty until stopped. */
  hours: string;
  retries: string;
  start: boolean;
  timeout: string;
  memory: string;
  tracing: boolean;
  env: Pair[];
  /** Environment variables are replaced; they are never shown. */
  replaceEnv: boolean;
  successDays: string;
  failureDays: string;
  artifacts: string;
  role: string;
  tags: Pair[];
}

export const blueprintOf = (f: CanaryForm): Blueprint => blueprints.find((b) => b.name === f.blueprint) ?? blueprints[0]!;

/** Runtimes that the form's blueprint is written for; all for other scripts. */
export function runtimesFor(f: CanaryForm, runtimes: string[]): string[] {
  if (f.source !== 'blueprint') return runtimes;
  const families = Object.keys(blueprintOf(f).families);
  return runtimes.filter((r) => families.includes(parseRuntime(r).family));
}

/** A form for a new canary. */
export function newForm(session: { account: string; region: string; identity: string }, runtimes: string[]): CanaryForm {
  const b = blueprints[0]!;
  const form: CanaryForm = {
    name: '', source: 'blueprint', blueprint: b.name, values: defaultsOf(b), script: '', upload: [], s3: '',
    runtime: '', handler: 'index.handler', browsers: ['CHROME'],
    when: 'rate', rate: '5', unit: 'minute', cron: '0 8 ? * MON-FRI *', hours: '', retries: '0', start: true,
    timeout: '', memory: '1024', tracing: false, env: [], replaceEnv: true, successDays: '31', failureDays: '31',
    artifacts: `s3://cw-syn-results-${session.account}-${session.region}`,
    role: session.identity ? '' : `arn:aws:iam::${session.account}:role/CloudWatchSyntheticsRole`,
    tags: [],
  };
  return { ...form, runtime: runtimesFor(form, runtimes)[0] ?? '' };
}

/** A form with what a canary is now. */
export function formOf(c: Canary): CanaryForm {
  const expression = c.Schedule?.Expression ?? '';
  const rate = /^rate\((\d+) (minute|hour)s?\)$/.exec(expression);
  const when: When = rate ? (rate[1] === '0' ? 'once' : 'rate') : 'cron';
  const seconds = c.Schedule?.DurationInSeconds;
  return {
    name: c.Name, source: 'keep', blueprint: blueprints[0]!.name, values: defaultsOf(blueprints[0]!), script: '', upload: [], s3: '',
    runtime: c.RuntimeVersion ?? '', handler: c.Code?.Handler ?? '', browsers: c.BrowserConfigs?.map((b) => b.BrowserType) ?? ['CHROME'],
    when, rate: when === 'rate' ? rate![1]! : '5', unit: when === 'rate' ? (rate![2] as 'minute' | 'hour') : 'minute',
    cron: when === 'cron' ? expression.replace(/^cron\((.*)\)$/, '$1') : '0 8 ? * MON-FRI *',
    hours: seconds ? String(seconds / 3600) : '', retries: String(c.Schedule?.RetryConfig?.MaxRetries ?? 0), start: false,
    timeout: String(c.RunConfig?.TimeoutInSeconds ?? ''), memory: String(c.RunConfig?.MemoryInMB ?? ''), tracing: c.RunConfig?.ActiveTracing ?? false,
    env: [], replaceEnv: false,
    successDays: String(c.SuccessRetentionPeriodInDays ?? 31), failureDays: String(c.FailureRetentionPeriodInDays ?? 31),
    artifacts: `s3://${c.ArtifactS3Location ?? ''}`, role: c.ExecutionRoleArn ?? '', tags: pairsOf(c.Tags ?? {}),
  };
}

export type Errors = Partial<Record<keyof CanaryForm | `value.${string}`, string>>;

/** What is wrong with a form, by field. The server has the last word. */
export function check(f: CanaryForm, editing: boolean): Errors {
  const e: Errors = {};
  if (!editing && !/^[0-9a-z_-]{1,255}$/.test(f.name)) e.name = 'Enter a name of lower-case letters, digits, hyphens and underscores.';
  checkCode(f, e);
  if (f.when === 'rate' && !whole(f.rate, 1, 60)) e.rate = 'Enter a whole number.';
  else if (f.when === 'rate' && Number(f.rate) * (f.unit === 'hour' ? 60 : 1) > 60) e.rate = 'The longest rate is 1 hour. Use a cron expression for a longer one.';
  if (f.when === 'cron' && f.cron.trim().split(/\s+/).length !== 6) e.cron = 'Enter six fields: minutes, hours, day of month, month, day of week, year.';
  if (f.hours && !(Number(f.hours) > 0)) e.hours = 'Enter a number of hours, or nothing.';
  if (f.timeout && !whole(f.timeout, 3, 840)) e.timeout = 'Enter a whole number of seconds from 3 to 840.';
  if (!whole(f.memory, 960, 3008) || Number(f.memory) % 64 > 0) if (f.memory !== '1000') e.memory = 'Enter a multiple of 64 from 960 to 3008.';
  for (const days of ['successDays', 'failureDays'] as const) if (!whole(f[days], 1, 1024)) e[days] = 'Enter a whole number of days from 1 to 1024.';
  if (!/^(s3:\/\/)?[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/.*)?$/.test(f.artifacts)) e.artifacts = 'Enter a bucket and, if you like, a prefix: s3://bucket/prefix.';
  if (!/^arn:[\w-]+:iam::\d{12}:role\/.+$/.test(f.role)) e.role = 'Enter the ARN of a role.';
  if (f.browsers.length === 0) e.browsers = 'Choose one at least.';
  return e;
}

function checkCode(f: CanaryForm, e: Errors) {
  if (!f.runtime) e.runtime = 'Choose a runtime.';
  if (f.source === 'blueprint') {
    for (const p of blueprintOf(f).parameters) {
      const wrong = valueError(p, f.values[p.name] ?? '');
      if (wrong) e[`value.${p.name}`] = wrong;
    }
    return;
  }
  if (f.source === 'editor' && !f.script.trim()) e.script = 'Write a script.';
  if (f.source === 'upload' && f.upload.length === 0) e.upload = 'Choose a file.';
  if (f.source === 's3' && !/^s3:\/\/[^/]+\/.+/.test(f.s3)) e.s3 = 'Enter the address of an archive: s3://bucket/key.zip.';
  if (f.source !== 'keep' && !/^[\w./-]+\.\w+$/.test(f.handler)) e.handler = 'Enter the file without its extension, a dot, and the function: index.handler.';
}

const whole = (text: string, least: number, most: number) => /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most;

/** The files of the form's script, by path in the archive; nothing where it comes as an archive. */
export function scriptsOf(f: CanaryForm): Record<string, string> | undefined {
  if (f.source === 'blueprint') return filesOf(blueprintOf(f), parseRuntime(f.runtime).family, f.values);
  if (f.source === 'editor') return { [`${f.handler.replace(/\.[^.]*$/, '')}.${scriptFile(f.runtime).extension}`]: f.script };
  return undefined;
}

/** Handler or blueprint of the form's script. */
export function entryOf(f: CanaryForm): { Handler?: string; BlueprintTypes?: string[] } {
  if (f.source !== 'blueprint') return { Handler: f.handler };
  const b = blueprintOf(f);
  return b.kind ? { BlueprintTypes: [b.kind] } : { Handler: b.families[parseRuntime(f.runtime).family]?.handler };
}

export function expressionOf(f: CanaryForm): string {
  if (f.when === 'once') return 'rate(0 minute)';
  if (f.when === 'cron') return `cron(${f.cron.trim()})`;
  return `rate(${Number(f.rate)} ${f.unit}${Number(f.rate) === 1 ? '' : 's'})`;
}

/** Everything of the request but the code. */
export function inputOf(f: CanaryForm): Omit<CanaryInput, 'Code'> {
  const retries = Number(f.retries);
  return {
    ArtifactS3Location: f.artifacts.startsWith('s3://') ? f.artifacts : `s3://${f.artifacts}`,
    ExecutionRoleArn: f.role.trim(),
    RuntimeVersion: f.runtime,
    Schedule: {
      Expression: expressionOf(f),
      DurationInSeconds: f.hours ? Math.round(Number(f.hours) * 3600) : 0,
      RetryConfig: hasDryRuns(f.runtime) ? { MaxRetries: retries } : undefined,
    },
    RunConfig: {
      TimeoutInSeconds: f.timeout ? Number(f.timeout) : undefined,
      MemoryInMB: Number(f.memory),
      ActiveTracing: f.tracing || undefined,
      EnvironmentVariables: f.replaceEnv ? recordOf(f.env) : undefined,
    },
    SuccessRetentionPeriodInDays: Number(f.successDays),
    FailureRetentionPeriodInDays: Number(f.failureDays),
    BrowserConfigs: hasBrowserChoice(f.runtime) ? f.browsers.map((BrowserType) => ({ BrowserType })) : undefined,
  };
}
