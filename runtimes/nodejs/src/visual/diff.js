// diff.cjs: compares two screenshots. A run loads it when it has a baseline;
// on its own it is a command:
//
//   node diff.cjs BASE.png OTHER.png OUT.png [--threshold PERCENT] [--color HEX] [--ignore x1,y1,x2,y2]...
//
// It writes OUT.png, the difference, and tells the result as one line of JSON.
// Exit status: 0 within the threshold, 1 beyond it, 2 when it could not compare.
import fs from 'node:fs';
import { compare, decode, maxPixels } from './compare.js';

export { compare, decode };

// A file holds at most what its pixels can fill, with room for its frame.
const maxFile = maxPixels * 4 + (1 << 20);

/** Reads a picture from a file. */
export function load(file, what) {
  const { size } = fs.statSync(file);
  if (size > maxFile) throw new Error(`${what} is larger than ${maxFile} bytes`);
  return decode(fs.readFileSync(file), what);
}

/** The command line as settings, or an error. */
export function parse(args) {
  const out = { files: [], threshold: 0, color: '#fafa00', ignore: [] };
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = args[i].startsWith('--') ? args[i].split(/=(.*)/s) : [null];
    if (name === null) {
      out.files.push(args[i]);
      continue;
    }
    const value = inline ?? args[++i];
    if (value === undefined) throw new Error(`${name} needs a value`);
    if (name === '--threshold') out.threshold = percent(value);
    else if (name === '--color') out.color = value;
    else if (name === '--ignore') out.ignore.push(area(value));
    else throw new Error(`There is no option ${name}`);
  }
  if (out.files.length !== 3) throw new Error('Use: diff.cjs BASE.png OTHER.png OUT.png [--threshold PERCENT] [--color HEX] [--ignore x1,y1,x2,y2]...');
  return out;
}

function percent(text) {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 100)) throw new Error(`The threshold ${text} is not a percentage from 0 to 100`);
  return value;
}

function area(text) {
  const parts = text.split(',').map((p) => Number(p.trim() || NaN));
  if (parts.length !== 4 || parts.some((n) => !Number.isFinite(n) || n < 0)) throw new Error(`The area ${text} is not of the form x1,y1,x2,y2`);
  const [X1, Y1, X2, Y2] = parts;
  return { X1, Y1, X2, Y2 };
}

/** The command. Returns the exit status. */
export function command(args, print) {
  try {
    const { files: [base, other, out], threshold, ...how } = parse(args);
    const result = compare(load(base, 'The baseline'), load(other, 'The screenshot'), how);
    fs.writeFileSync(out, result.picture());
    const { width, height, pixels, different, percent } = result;
    const passed = percent <= threshold;
    print(JSON.stringify({
      status: passed ? 'PASSED' : 'FAILED', variancePercentage: percent, varianceThresholdPercentage: threshold,
      differentPixels: different, comparedPixels: pixels, width, height, differenceFileName: out,
    }));
    return passed ? 0 : 1;
  } catch (err) {
    print(JSON.stringify({ status: 'ERROR', error: err.message }));
    return 2;
  }
}

if (typeof require !== 'undefined' && typeof module !== 'undefined' && require.main === module) {
  process.exitCode = command(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`));
}
