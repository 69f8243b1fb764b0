// The entry of the file playwright.cjs beside the launcher: Playwright's
// library, and the expect of its test package, which scripts use by itself.
import 'playwright-core/lib/bootstrap';
import { init_isomorphic, init_utils, inprocess } from 'playwright-core/lib/coreBundle';

export const { playwright } = inprocess;

/** Loaded by the first script that asks for it. */
export function expect() {
  init_isomorphic();
  init_utils();
  return require('playwright/lib/matchers/expect').all.expect;
}
