// puppeteer-core is a file of its own beside the launcher, loaded by the first
// script that needs a browser: loading it takes as long as starting Node.js.
// The name stands for that file (build.mjs).

/** The library. */
export function puppeteer() {
  return require('#puppeteer');
}
