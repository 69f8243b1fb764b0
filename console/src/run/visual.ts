// What UpdateCanary is told about a canary's baselines.
//
// A reference names the run that screenshots are compared with, one reference
// for each browser. Its BaseScreenshots are those that count, with the areas
// that do not; without the list all count. UpdateCanary replaces everything, so
// what is to stay is repeated.
import type { BaseScreenshot, BrowserType, Canary, CanaryRun, VisualReference } from '../aws/model';
import { formatRect, parseRect, type Rect } from './rect';

/** The part of UpdateCanary's input; runtimes that know several browsers take
 * the list, the others the one. */
export interface VisualUpdate {
  VisualReference?: VisualReference;
  VisualReferences?: VisualReference[];
}

/** The reference of the run's browser. */
export function referenceOf(canary: Canary, run: CanaryRun): VisualReference | undefined {
  const all = canary.VisualReferences ?? (canary.VisualReference ? [canary.VisualReference] : []);
  return all.find((r) => browserOf(r) === (run.BrowserType ?? 'CHROME'));
}

function browserOf(r: VisualReference): BrowserType {
  return r.BrowserType ?? 'CHROME';
}

/** Whether the canary's runtime takes a reference for each browser. */
function perBrowser(canary: Canary, run: CanaryRun): boolean {
  return run.BrowserType !== undefined || (canary.EngineConfigs?.length ?? 0) > 0;
}

/** The update that puts the reference of the run's browser and keeps others. */
export function update(canary: Canary, run: CanaryRun, reference: VisualReference): VisualUpdate {
  if (!perBrowser(canary, run)) return { VisualReference: clean(reference) };
  const browser = run.BrowserType ?? 'CHROME';
  const others = (canary.VisualReferences ?? []).filter((r) => browserOf(r) !== browser);
  return { VisualReferences: [...others.map(clean), { ...clean(reference), BrowserType: browser }] };
}

/** Only what the input takes; an empty list would be refused. */
function clean(r: VisualReference): VisualReference {
  const base = (r.BaseScreenshots ?? []).map((s) => ({ ScreenshotName: s.ScreenshotName, ...(s.IgnoreCoordinates?.length ? { IgnoreCoordinates: s.IgnoreCoordinates } : {}) }));
  return { BaseCanaryRunId: r.BaseCanaryRunId, ...(base.length ? { BaseScreenshots: base } : {}), ...(r.BrowserType ? { BrowserType: r.BrowserType } : {}) };
}

const stem = (name: string) => name.replace(/\.png$/i, '');
const unnumbered = (name: string) => stem(name).replace(/^\d+-/, '');

/** The baseline's screenshot that one of a run is compared with: the one of its
 * name, else the one that has it but for the number in front, which moves when
 * a step comes or goes. */
export function baselineOf(reference: VisualReference | undefined, file: string): BaseScreenshot | undefined {
  const all = reference?.BaseScreenshots ?? [];
  return all.find((s) => stem(s.ScreenshotName) === stem(file)) ?? all.find((s) => unnumbered(s.ScreenshotName) === unnumbered(file));
}

/** The areas of a screenshot that do not count. */
export function areasOf(reference: VisualReference | undefined, file: string): Rect[] {
  return (baselineOf(reference, file)?.IgnoreCoordinates ?? []).flatMap((s) => parseRect(s) ?? []);
}

/** The reference with other areas of one screenshot. */
export function withAreas(reference: VisualReference, file: string, areas: Rect[]): VisualReference {
  const old = baselineOf(reference, file);
  const changed: BaseScreenshot = { ScreenshotName: old?.ScreenshotName ?? file, IgnoreCoordinates: areas.map(formatRect) };
  const all = reference.BaseScreenshots ?? [];
  return { ...reference, BaseScreenshots: old ? all.map((s) => (s === old ? changed : s)) : [...all, changed] };
}

/** The reference that makes a run the baseline. Areas go with their screenshots,
 * and so does the choice of those that count: what the old reference left out
 * stays out. files are the run's screenshots. */
export function accepted(reference: VisualReference | undefined, run: CanaryRun, files: string[], counted: string[]): VisualReference {
  const next: VisualReference = { BaseCanaryRunId: run.Id };
  if (!reference?.BaseScreenshots?.length) return next;
  const base = files.flatMap((file): BaseScreenshot[] => {
    const old = baselineOf(reference, file);
    if (!old && !counted.includes(file)) return [];
    return [{ ScreenshotName: file, ...(old?.IgnoreCoordinates?.length ? { IgnoreCoordinates: old.IgnoreCoordinates } : {}) }];
  });
  const ignores = base.some((s) => s.IgnoreCoordinates);
  // All count and none has areas: that is what no list means.
  return base.length === files.length && !ignores ? next : { ...next, BaseScreenshots: base };
}
