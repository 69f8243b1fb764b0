// Bundles the launcher and the library into build/. The archive is made from it
// by the Go program beside this file (go generate).
import { build } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { playwrightNotices, playwrightParts } from './playwright.mjs';

const out = 'build';
fs.rmSync(out, { recursive: true, force: true });

// Parts of puppeteer-core and Playwright that download, unpack or translate: a run
// has one installed browser and drives it by the protocol that it speaks.
const left = /^(chromium-bidi|fsevents|proxy-agent|extract-zip|tar-fs|yargs|progress|bufferutil|utf-8-validate|@puppeteer\/screen-recorder)(\/|$)/;
const leaveOut = {
  name: 'leave-out',
  setup(b) {
    b.onResolve({ filter: left }, ({ path: name }) => ({ path: name, namespace: 'left-out' }));
    b.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path: name }) => ({
      // ws tries its two and does without them; a class of chromium-bidi is extended.
      contents: /^(bufferutil|utf-8-validate)$/.test(name) ? "throw new Error('left out')" : 'module.exports = { EventEmitter: class {} };',
      loader: 'js',
    }));
  },
};

const separate = {
  name: 'separate',
  setup(b) {
    b.onResolve({ filter: /^#(puppeteer|playwright)$/ }, ({ path: name }) => ({ path: `./${name.slice(1)}.cjs`, external: true }));
    b.onResolve({ filter: /^#diff$/ }, () => ({ path: './diff.cjs', external: true }));
  },
};

const result = await build({
  entryPoints: { main: 'src/main.js', puppeteer: 'puppeteer-core', diff: 'src/visual/diff.js', playwright: 'src/playwright/core.js' },
  outdir: out,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  plugins: [leaveOut, separate, playwrightParts],
});

// The modules that scripts ask for by name, in CommonJS and as ES modules.
const get = "globalThis[Symbol.for('nephele.modules')]";
const modules = {
  Synthetics: ['synthetics', 'synthetics'],
  '@aws/synthetics-puppeteer': ['synthetics', 'synthetics'],
  SyntheticsLink: ['SyntheticsLink', 'SyntheticsLink'],
  '@aws/synthetics-link': ['SyntheticsLink', 'SyntheticsLink'],
  SyntheticsLogger: ['log', 'log'],
  '@aws/synthetics-logger': ['log', 'log'],
  SyntheticsLogHelper: ['logHelper', 'syntheticsLogHelper'],
  '@aws/synthetics-log-helper': ['logHelper', 'syntheticsLogHelper'],
  BrokenLinkCheckerReport: ['BrokenLinkCheckerReport', 'BrokenLinkCheckerReport'],
  '@aws/synthetics-broken-link-checker-report': ['BrokenLinkCheckerReport', 'BrokenLinkCheckerReport'],
  RequestResponseLogHelper: ['RequestResponseLogHelper', 'RequestResponseLogHelper'],
  '@aws/synthetics-playwright': ['synthetics', 'synthetics'],
  '@amzn/synthetics-playwright': ['synthetics', 'synthetics'],
  '@aws/synthetics-core': ['synthetics', 'synthetics'],
  '@amzn/synthetics-core': ['synthetics', 'synthetics'],
  '@amzn/synthetics-puppeteer': ['synthetics', 'synthetics'],
  '@amzn/synthetics-link': ['SyntheticsLink', 'SyntheticsLink'],
  '@amzn/synthetics-logger': ['log', 'log'],
  '@amzn/synthetics-log-helper': ['logHelper', 'syntheticsLogHelper'],
  '@amzn/synthetics-broken-link-checker-report': ['BrokenLinkCheckerReport', 'BrokenLinkCheckerReport'],
  'puppeteer-core': ['puppeteer', 'puppeteer'],
  puppeteer: ['puppeteer', 'puppeteer'],
  'playwright-core': ['playwright', 'playwright', 'chromium', 'firefox', 'webkit', 'devices', 'errors', 'selectors', 'request'],
  playwright: ['playwright', 'playwright', 'chromium', 'firefox', 'webkit', 'devices', 'errors', 'selectors', 'request'],
  '@playwright/test': ['playwrightTest', 'playwrightTest', 'expect', 'test', 'defineConfig', 'chromium', 'firefox', 'webkit', 'devices', 'errors', 'selectors', 'request'],
};
for (const [name, [member, exported, ...members]] of Object.entries(modules)) {
  const dir = path.join(out, 'node_modules', name);
  fs.mkdirSync(dir, { recursive: true });
  const entry = { name, version: '1.0.0', main: './index.cjs', exports: { import: './index.mjs', require: './index.cjs' } };
  fs.writeFileSync(path.join(dir, 'package.json'), `${JSON.stringify(entry, null, 2)}\n`);
  fs.writeFileSync(path.join(dir, 'index.cjs'), `module.exports = ${get}.${member};\n`);
  fs.writeFileSync(path.join(dir, 'index.mjs'), `const it = ${get}.${member};\nexport default it;\nexport { it as ${exported} };\n${members.map((m) => `export const ${m} = it.${m};\n`).join('')}`);
}

// The licences of what the bundle really holds.
const packages = new Set();
const inputs = Object.values(result.metafile.outputs).flatMap((o) => Object.entries(o.inputs));
for (const [file, { bytesInOutput }] of inputs) {
  const match = bytesInOutput > 0 && /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file);
  if (match) packages.add(match[1]);
}
const inside = {
  'puppeteer-core': '\nIts own bundle holds rxjs (Apache-2.0), mitt (MIT, Jason Miller), parsel-js (MIT) and\nurlpattern-polyfill (MIT).\n',
};
const notices = [...packages].sort().map((dir) => {
  const about = JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8'));
  const file = fs.readdirSync(dir).find((f) => /^(licen[sc]e|copying)/i.test(f));
  const text = file ? fs.readFileSync(path.join(dir, file), 'utf8').trim() : `${about.license}: see the licence of that name`;
  return `${about.name} ${about.version} (${about.license})\n\n${text}\n${inside[about.name] ?? ''}${/^playwright/.test(about.name) ? playwrightNotices(about.name) : ''}`;
});
const head = 'The launcher bundles these packages.\n\n';
fs.writeFileSync(path.join(out, 'NOTICE'), head + notices.join(`\n${'-'.repeat(72)}\n\n`));
fs.copyFileSync(path.join(out, 'NOTICE'), 'THIRD_PARTY');
