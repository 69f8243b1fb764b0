// Visual monitoring: screenshots of this run beside those of an earlier one.
// Comparing takes tenths of a second of processor time, so it waits until the
// script has ended.
import fs from 'node:fs';
import path from 'node:path';
import { messageOf } from './errors.js';
import { log } from './logger.js';

export class VisualMonitor {
  #dir;
  #baselines;
  #waiting = [];
  comparisons = 0;
  matching = 0;
  variances = []; // what fails the run

  /** baselines are the launcher's orders: [{name, file, ignore}]. */
  constructor(dir, baselines = []) {
    this.#dir = dir;
    this.#baselines = baselines.map((b) => ({ ...b, used: false }));
  }

  /** Notes a screenshot, with the settings of the moment. */
  note(shot, synthetics, stepConfig) {
    if (this.#baselines.length === 0 || shot.error || !synthetics._flag('visualCompareWithBaseRun', stepConfig)) return;
    this.#waiting.push({
      shot,
      threshold: synthetics._flag('visualVarianceThresholdPercentage', stepConfig),
      color: synthetics._flag('visualVarianceHighlightHexColor', stepConfig),
      fails: synthetics._flag('failCanaryRunOnVisualVariance', stepConfig),
    });
  }

  /** Compares what was noted. Nothing about a picture can fail the launcher. */
  compare() {
    const pairs = this.#pair(this.#waiting.splice(0));
    for (const { waiting, baseline } of pairs) {
      const result = this.#one(waiting, baseline);
      waiting.shot.visualTestResult = result;
      this.comparisons++;
      if (result.status === 'PASSED') this.matching++;
      else if (waiting.fails) this.variances.push({ file: waiting.shot.fileName, ...result });
      const by = result.status === 'ERROR' ? result.error : `${percent(result.variancePercentage)} of it differs`;
      log[result.status === 'PASSED' ? 'info' : 'warn'](`Visual comparison of ${waiting.shot.fileName}: ${result.status}, ${by}`);
    }
  }

  /**
   * Finds each screenshot's baseline: the one of its name, else the one that
   * has it but for the number in front, which moves when a step comes or goes.
   */
  #pair(waiting) {
    const found = new Map();
    for (const same of [(a, b) => a === b, (a, b) => unnumbered(a) === unnumbered(b)]) {
      for (const w of waiting) {
        if (found.has(w)) continue;
        const baseline = this.#baselines.find((b) => !b.used && same(stem(b.name), stem(w.shot.fileName)));
        if (baseline) found.set(w, Object.assign(baseline, { used: true }));
      }
    }
    return waiting.filter((w) => found.has(w)).map((w) => ({ waiting: w, baseline: found.get(w) }));
  }

  #one({ shot, threshold, color }, baseline) {
    const result = { status: 'ERROR', variancePercentage: 0, varianceThresholdPercentage: threshold };
    try {
      const { compare, load } = require('#diff');
      const difference = compare(
        load(baseline.file, `The baseline ${baseline.name}`), load(path.join(this.#dir, shot.fileName), shot.fileName),
        { ignore: baseline.ignore ?? [], color },
      );
      result.variancePercentage = Math.round(difference.percent * 1e4) / 1e4;
      result.status = difference.percent <= threshold ? 'PASSED' : 'FAILED';
      if (difference.different > 0) Object.assign(result, this.#keep(shot.fileName, baseline.file, difference));
    } catch (err) {
      result.error = messageOf(err);
    }
    return result;
  }

  /** Leaves the baseline and the difference beside the screenshot. */
  #keep(fileName, baseline, difference) {
    const base = fileName.replace(/\.png$/i, '');
    const names = { baselineFileName: `${base}.baseline.png`, differenceFileName: `${base}.difference.png` };
    fs.writeFileSync(path.join(this.#dir, names.differenceFileName), difference.picture());
    fs.copyFileSync(baseline, path.join(this.#dir, names.baselineFileName));
    return names;
  }

  /** Why the run fails; empty when it does not. */
  failure() {
    if (this.variances.length === 0) return '';
    const list = this.variances.map((v) => (v.status === 'ERROR'
      ? `${v.file} (${v.error})` : `${v.file} (${percent(v.variancePercentage)}, threshold ${percent(v.varianceThresholdPercentage)})`));
    return `Visual variance: ${this.variances.length} of ${this.comparisons} screenshots differ from the baseline: ${list.join(', ')}`;
  }

  /** The verdict's part; undefined when nothing was compared. */
  summary() {
    return this.comparisons > 0 ? { comparisons: this.comparisons, matching: this.matching } : undefined;
  }
}

const percent = (value) => `${Math.round(value * 100) / 100} %`;
const stem = (name) => String(name).replace(/\.png$/i, '');
const unnumbered = (name) => name.replace(/^\d+-/, '');
