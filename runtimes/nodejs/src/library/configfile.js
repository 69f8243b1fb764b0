// synthetics.json: the configuration beside the script, for Playwright and for
// Puppeteer 11 and later (user guide, "CloudWatch Synthetics configurations").
import fs from 'node:fs';
import path from 'node:path';
import { log } from './logger.js';

const maxSize = 1 << 20;

/** Groups of the file. A name maps to the option it sets; undefined keeps the name. */
const groups = {
  step: {},
  report: { har: 'harFile' },
  logging: {},
  httpMetrics: { metric_2xx: '_2xxMetric', metric_4xx: '_4xxMetric', metric_5xx: '_5xxMetric' },
  canaryMetrics: {},
};

/** Looks for the file beside the script, then at the root of the code. Returns its path or undefined. */
export function findConfigFile(code, script) {
  const places = [path.join(path.dirname(script), 'synthetics.json'), path.join(code, 'synthetics.json')];
  return places.find((p) => fs.statSync(p, { throwIfNoEntry: false })?.isFile());
}

/** Reads the file and sets what it says on configuration. Returns the text to append to the user agent. */
export function applyConfigFile(file, configuration) {
  if (fs.statSync(file).size > maxSize) throw new Error('synthetics.json is larger than 1 MB');
  let content;
  try {
    content = JSON.parse(fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch (err) {
    throw new Error(`synthetics.json is not JSON: ${err.message}`);
  }
  if (content === null || typeof content !== 'object' || Array.isArray(content)) {
    throw new Error('synthetics.json must hold an object');
  }
  let agent = '';
  for (const [name, value] of Object.entries(content)) {
    if (name === 'userAgent') agent = value === null ? '' : String(value);
    else if (name === 'har') configuration._set('harFile', value);
    else if (Object.hasOwn(groups, name)) applyGroup(groups[name], value, configuration, name);
    else log.warn(`synthetics.json has no group ${name}`);
  }
  return agent;
}

function applyGroup(names, group, configuration, label) {
  if (group === null || typeof group !== 'object' || Array.isArray(group)) {
    throw new Error(`synthetics.json: ${label} must be an object`);
  }
  for (const [name, value] of Object.entries(group)) configuration._set(names[name] ?? name, value);
}
