// What the tests of the console share. Each file of tests is a process with a
// server of its own: URL is the server's, SITE a small site that canaries visit.
// A test is a function of a page; it fails when it throws, when the page logs an
// error, or when it breaks the content security policy.
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
const { playwright, expect: load } = require(process.env.PLAYWRIGHT);

export const { URL: server, SITE: site, SHOTS: shots, KEY: key, SECRET: secret } = process.env;
const patience = 30_000;
export const expect = load().configure({ timeout: patience });

const browser = await playwright.chromium.launch({ executablePath: process.env.BROWSER, args: ['--no-sandbox'] });

/**
 * Runs a test in a context of its own. Options are those of newContext, and
 * refused: whether the server may refuse requests, which browsers log.
 */
export async function test(name, body, { refused = false, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const wrong = [];
  page.on('pageerror', (e) => wrong.push(String(e)));
  page.on('console', (m) => {
    if (m.type() === 'error' && !(refused && /Failed to load resource/.test(m.text()))) wrong.push(m.text());
  });
  let error;
  try {
    await body(page, context);
    if (wrong.length) throw new Error(`the page logged:\n${wrong.join('\n')}`);
  } catch (e) {
    error = `${String(e.stack ?? e).slice(0, 3000)}\n${wrong.join("\n")}`;
    await shot(page, `failed-${name.replace(/\W+/g, '-')}`).catch(() => {});
  }
  await context.close();
  process.stdout.write(`${JSON.stringify({ name, error })}\n`);
}

/** Closes the browser. Call it last. */
export const done = () => browser.close();

/** Opens a page of the console, for example "/canaries". */
export const open = (page, route) => page.goto(`${server}/_nephele/console${route}`);

/** Keeps a picture where somebody wants to look at it. */
export async function shot(page, name, options = {}) {
  if (shots) await page.screenshot({ path: path.join(shots, `${name}.png`), ...options });
}

/** Presses a key until a locator has the focus. */
export async function pressUntilFocused(page, pressed, locator, most = 60) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press(pressed);
    if (await locator.evaluate((e) => e === document.activeElement).catch(() => false)) return;
  }
  throw new Error(`${pressed} does not lead to ${locator}`);
}

/** Whether the page is wider than its window. */
export const overflows = (page) => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
