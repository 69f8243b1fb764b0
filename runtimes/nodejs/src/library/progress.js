// Tells whoever watches the run what happens in it: lines on standard output
// that are not part of the log.
import fs from 'node:fs';

const mark = '\x1enephele ';
let wanted = false;

/** Says whether anybody watches. */
export function tellProgress(yes) {
  wanted = Boolean(yes);
}

/** Writes one event: step-started, step-ended or screenshot. */
export function progress(event) {
  if (!wanted) return;
  try {
    fs.writeSync(1, `${mark}${JSON.stringify(event)}\n`);
  } catch {
    // Nobody reads: the run goes on.
  }
}
