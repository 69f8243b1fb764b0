// Playwright is a file of its own beside the launcher, like puppeteer-core. The
// name stands for that file (build.mjs).
let library;

/** The file's exports: playwright, and expect(). */
export function load() {
  library ??= require('#playwright');
  return library;
}

/** What @playwright/test gives to a script that runs no tests: the library and expect. */
export function testPackage(playwright) {
  const notHere = (name) => () => {
    throw new Error(`${name} of @playwright/test belongs to its test runner, which does not run canaries: export a handler, and use expect in it`);
  };
  const out = { expect: load().expect() };
  for (const name of ['chromium', 'firefox', 'webkit', 'devices', 'errors', 'selectors', 'request']) out[name] = playwright[name];
  return Object.assign(out, { test: notHere('test'), defineConfig: notHere('defineConfig') });
}
