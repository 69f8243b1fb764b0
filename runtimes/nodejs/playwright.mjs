// What a run needs of Playwright. Its packages hold two bundles of their own
// with everything: the test runner's tools, a trace viewer, recorders, a
// command line, drivers for browsers that no run has. This plugin for esbuild
// turns the bundles back into modules with exports, puts stubs in the place of
// parts that a run cannot reach, and lets esbuild drop what nobody asks for.
//
// It knows the bundles' form: sections that begin with "// packages/..." or
// "// node_modules/..." and lazy initialisers made by esbuild. The versions are
// locked, so a new form is found by whoever changes them: missing() fails the
// build when an expected piece is not there.
import fs from 'node:fs';
import path from 'node:path';

const core = 'packages/playwright-core/src/';

/** Sections of coreBundle.js that become stubs. */
const unreachable = new RegExp(`^(${[
  `${core}(tools/|cli/|remote/|outofprocess|androidServerImpl)`,
  `${core}server/(debugController|launchApp|codegen|registry/nativeDeps|trace/viewer|webkit/(webview|wk)|firefox/ff)`,
  `${core}server/recorder/(recorderApp|recorderRunner|recorderSignalProcessor|throttledFile)`,
  `${core}generated/pollingRecorderSource`,
  'packages/isomorphic/trace/(?!traceUtils)',
].join('|')})`);

/** Sections of utilsBundle.js that stay; its exports that a run uses. */
const libraries = new Set([
  'HttpsProxyAgent', 'PNG', 'SocksProxyAgent', 'colors', 'debug', 'diff', 'getEastAsianWidth', 'getProxyForUrl', 'getStream',
  'gracefulFs', 'jpegjs', 'mime', 'onExit', 'progress', 'retry', 'ws', 'wsReceiver', 'wsSender', 'wsServer', 'yaml', 'yauzl', 'yazl',
]);
const tools = new RegExp(`^node_modules/(${[
  '@hono', '@modelcontextprotocol', 'ajv', 'ajv-formats', 'ansi-colors', 'balanced-match', 'brace-expansion', 'bundle-name', 'bytes',
  'chokidar', 'commander', 'content-type', 'cross-spawn', 'default-browser', 'define-lazy-prop', 'dotenv', 'enquirer', 'eventsource',
  'fast-deep-equal', 'fast-uri', 'iconv-lite', 'ini', 'is-', 'json-schema-traverse', 'json5', 'minimatch', 'open', 'pkce-challenge',
  'raw-body', 'readdirp', 'run-applescript', 'source-map', 'wsl-utils', 'zod',
].join('|')})`);

/** The plugin. */
export const playwrightParts = {
  name: 'playwright-parts',
  setup(b) {
    b.onResolve({ filter: /^playwright\/lib\/matchers\/expect$/ }, () => ({ path: path.resolve('node_modules/playwright/lib/matchers/expect.js') }));
    b.onLoad({ filter: /playwright-core[\\/]lib[\\/]coreBundle\.js$/ }, ({ path: file }) => ({ contents: coreModule(fs.readFileSync(file, 'utf8')) }));
    b.onLoad({ filter: /playwright-core[\\/]lib[\\/]utilsBundle\.js$/ }, ({ path: file }) => ({ contents: utilsModule(fs.readFileSync(file, 'utf8')) }));
    b.onLoad({ filter: /playwright[\\/]lib[\\/]matchers[\\/]expect\.js$/ }, ({ path: file }) => ({ contents: imported(fs.readFileSync(file, 'utf8')) }));
  },
};

/** The licences of what the two bundles hold inside, as far as it stays. */
export function playwrightNotices(name) {
  const dir = `node_modules/${name}/lib`;
  const files = name === 'playwright' ? [`${dir}/matchers/expect.js.LICENSE`] : [`${dir}/utilsBundle.js.LICENSE`];
  const parts = files.flatMap((f) => fs.readFileSync(f, 'utf8').split(/^%% /m).slice(1));
  return `\n${parts.filter((p) => !tools.test(`node_modules/${p}`)).map((p) => `Inside: ${p.trim()}`).join('\n\n')}\n`;
}

function coreModule(text) {
  const { body } = withoutExports(text, 'coreBundle');
  let out = cut(body, /var init_coreBundle = [\s\S]*?\n\}\);\ninit_coreBundle\(\);/, '');
  out = sections(out).map((s) => (unreachable.test(s.name) ? stub(s.text) : s.text)).join('');
  // The bundle reads its own package for its version and its browsers.
  const about = JSON.parse(fs.readFileSync('node_modules/playwright-core/package.json', 'utf8'));
  out = cut(out, /require\(\w+\.default\.join\(packageRoot, "package\.json"\)\)/, JSON.stringify({ name: about.name, version: about.version }));
  out = cut(out, /require\(\w+\.default\.join\(packageRoot, "browsers\.json"\)\)/, fs.readFileSync('node_modules/playwright-core/browsers.json', 'utf8'));
  // One debugging port, or two would be asked for.
  out = cut(out, 'const firefoxArguments = ["--remote-debugging-port=0"];', 'const firefoxArguments = args.some((a) => a.startsWith("--remote-debugging-port")) ? [] : ["--remote-debugging-port=0"];');
  // Profiles and downloads are no artifacts of a run: they go where the box forgets them.
  out = every(out, 2, /mkdtemp\((\w+)\.default\.join\((\w+)\.default\.tmpdir\(\), (?=["`]playwright[-_](?:artifacts|\$\{this\._name\}dev_profile))/g, 'mkdtemp($1.default.join($2.default.homedir(), ');
  // A Firefox that cannot choose a colour scheme has the light one, which is the default.
  out = every(out, 2, /await (this\.\S+\.send\("emulation\.setMediaFeaturesOverride", \{[\s\S]*?\n {8}\}\));/g,
    (_, send) => `await ${send}.catch((err) => { if ((colorScheme ?? "light") !== "light" || !String(err?.message).includes("unknown command")) throw err; });`);
  return `${imported(pure(out))}
init_inprocess();
export { init_isomorphic, init_utils };
export { inprocess_exports as inprocess, isomorphic_exports as iso, utils_exports as utils };\n`;
}

function utilsModule(text) {
  const { body, exported } = withoutExports(text, 'utilsBundle');
  let out = sections(body).map((s) => (tools.test(s.name) ? stub(s.text) : s.text)).join('');
  out = pure(out).replace(/^var (\w+) = __toESM\(/gm, 'var $1 = /* @__PURE__ */ __toESM(');
  for (const name of libraries) {
    const value = exported[name] ?? missing(`utilsBundle has no ${name}`);
    out += /^\w+$/.test(value) ? `export { ${value} as ${name} };\n` : `var exported_${name} = ${value};\nexport { exported_${name} as ${name} };\n`;
  }
  return out;
}

/** Calls of require become imports, of which esbuild keeps what is used. */
function imported(text) {
  let out = text;
  const heads = [];
  for (const [name, file] of [['core', 'coreBundle'], ['utils', 'utilsBundle']]) {
    const call = `require\\("(?:\\./|playwright-core/lib/)${file}"\\)`;
    const before = out;
    out = out
      .replace(new RegExp(`\\(\\{ (\\w+)(?:: (\\w+))? \\} = ${call}\\)`, 'g'), (_, from, to) => `${to ?? from} = imported_${name}.${from}`)
      .replace(new RegExp(call, 'g'), `imported_${name}`);
    if (out !== before) heads.push(`import * as imported_${name} from "playwright-core/lib/${file}";`);
  }
  return heads.length === 0 ? out : `${heads.join('\n')}\n${commonJS(out)}`;
}

/** A module with an import has to export the same way. */
function commonJS(text) {
  return text
    .replace(/^module\.exports = __toCommonJS\((\w+)\);$/m, 'export { $1 as all };')
    .replace(/\n0 && \(module\.exports = \{[\s\S]*?\}\);/, '');
}

function withoutExports(text, name) {
  const list = new RegExp(`__export\\(${name}_exports, \\{([\\s\\S]*?)\\n\\}\\);`).exec(text) ?? missing(`${name} has no exports`);
  const exported = Object.fromEntries([...list[1].matchAll(/(\w+): \(\) => ([\w.]+)/g)].map((m) => [m[1], m[2]]));
  const body = text.replace(list[0], '').replace(`var ${name}_exports = {};`, '')
    .replace(`module.exports = __toCommonJS(${name}_exports);`, '').replace(/\n0 && \(module\.exports = \{[\s\S]*?\}\);/, '');
  return { body, exported };
}

function sections(text) {
  const out = [];
  let [name, at] = ['', 0];
  for (const m of text.matchAll(/^\/\/ ((?:node_modules|packages)\/.*)$/gm)) {
    out.push({ name, text: text.slice(at, m.index) });
    [name, at] = [m[1], m.index];
  }
  out.push({ name, text: text.slice(at) });
  return out.length > 100 ? out : missing('the bundle has no sections');
}

/** The names of a section without what they stand for. */
function stub(text) {
  const out = [];
  for (const [, name] of text.matchAll(/^(?:async )?function\*? (\w+)\(/gm)) {
    out.push(`function ${name}() { throw new Error("This part of Playwright is not here: ${name}"); }`);
  }
  for (const [, names] of text.matchAll(/^var ([^=;]+);$/gm)) {
    for (const name of names.split(',').map((n) => n.trim())) out.push(/^[A-Z]/.test(name) ? `var ${name} = class {};` : `var ${name};`);
  }
  for (const [, name] of text.matchAll(/^var (\w+) = /gm)) {
    out.push(/^(init|require)_/.test(name) ? `function ${name}() { return {}; }` : `var ${name} = {};`);
  }
  return `${out.join('\n')}\n`;
}

const pure = (text) => text.replace(/= (__esm|__commonJS)\(\{/g, '= /* @__PURE__ */ $1({');

function cut(text, what, by) {
  const out = text.replace(what, () => by);
  return out === text ? missing(String(what)) : out;
}

function every(text, times, what, by) {
  return [...text.matchAll(what)].length === times ? text.replace(what, by) : missing(String(what));
}

function missing(what) {
  throw new Error(`Playwright's bundle has another form than expected: ${what}`);
}
