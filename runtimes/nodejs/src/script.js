// Finds and loads the canary's script.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const endings = ['.js', '.mjs', '.cjs'];

/** Splits "folder/file.fn" into the file and the function. */
export function parseHandler(handler) {
  const at = handler.lastIndexOf('.');
  if (at <= 0) throw new Error(`The handler "${handler}" is not of the form file.function`);
  return { file: handler.slice(0, at), name: handler.slice(at + 1) };
}

/** The path of the script: below nodejs/node_modules, or at the root where the runtime allows it. */
function find(setup, file) {
  const roots = [path.join(setup.code, 'nodejs', 'node_modules')];
  if (setup.rootLevelCode) roots.push(setup.code);
  const tried = roots.flatMap((root) => endings.map((ending) => path.join(root, file + ending)));
  const found = tried.find((p) => fs.statSync(p, { throwIfNoEntry: false })?.isFile());
  if (found) return found;
  const where = setup.rootLevelCode ? 'nodejs/node_modules or the root' : 'nodejs/node_modules';
  throw new Error(`Cannot find the canary script ${file}.js in ${where} of the code archive`);
}

/** Where the script is, and the name of its function: {path, name}. */
export function findScript(setup) {
  const { file, name } = parseHandler(setup.event.customerCanaryHandlerName);
  if (setup.handlerOnly && name !== 'handler') {
    throw new Error(`The runtime ${setup.runtimeVersion} calls a function named handler, not ${name}`);
  }
  return { path: find(setup, file), name };
}

/** Loads the script and returns its function. */
export async function loadHandler(setup, { path: script, name } = findScript(setup)) {
  const exported = await load(script);
  const fn = exported[name] ?? exported.default?.[name];
  if (typeof fn === 'function') return fn;
  throw new Error(`The canary script ${path.basename(script)} does not export a function named ${name}`);
}

async function load(script) {
  if (script.endsWith('.mjs')) return import(pathToFileURL(script).href);
  try {
    return createRequire(script)(script);
  } catch (err) {
    if (err?.code !== 'ERR_REQUIRE_ESM') throw err;
    return import(pathToFileURL(script).href);
  }
}

/** The reason of a script that did not load, with the place when it is a syntax error. */
export function loadFailure(err, code) {
  if (err instanceof SyntaxError && typeof err.stack === 'string') {
    const place = err.stack.split('\n')[0].replace('file://', '').replace(`${code}/`, '');
    return `${err.name}: ${err.message}${/:\d+$/.test(place) ? ` (${place})` : ''}`;
  }
  return err?.message ?? String(err);
}
