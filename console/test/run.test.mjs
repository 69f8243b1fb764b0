import { readFile } from 'node:fs/promises';
import { done, expect, open, overflows, pressUntilFocused, server, shot, site, test } from './kit.mjs';

/** Asks the API. Nobody checks the signature. */
async function ask(path) {
  const authorization = 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/synthetics/aws4_request, SignedHeaders=host, Signature=0';
  const answer = await fetch(`${server}/canary/${path}`, { method: 'POST', body: '{}', headers: { authorization, 'content-type': 'application/json' } });
  return answer.json();
}

/** The newest run of a canary. */
const newest = async (canary) => (await ask(`${canary}/runs`)).CanaryRuns[0];

async function openRun(page, canary, tab) {
  const run = await newest(canary);
  await open(page, `/canaries/${canary}/runs/${run.Id}${tab ? `?tab=${tab}` : ''}`);
  await expect(page.getByRole('heading', { level: 1, name: new RegExp(`^${canary}`) })).toBeVisible();
  return run;
}

const notice = (page, text) => expect(page.getByRole('region', { name: 'Notifications' }).getByText(text)).toBeVisible();
const loaded = (picture) => expect.poll(() => picture.evaluate((img) => img.complete && img.naturalWidth > 0)).toBe(true);

await test('the steps of a run', async (page) => {
  await openRun(page, 'checkout');
  await expect(page.getByText('Failed', { exact: true }).first()).toBeVisible();
  await expect(page.getByText('The canary failed')).toBeVisible();
  const steps = page.getByRole('list', { name: 'Steps' }).getByRole('listitem');
  await expect(steps).toHaveCount(3);
  await expect(steps.nth(0)).toHaveAccessibleName(/^Step 1, open: passed after \d/);
  await expect(steps.nth(2)).toHaveAccessibleName(/^Step 3, pay: failed/);
  // The message is shown as it is, and nothing of it becomes a part of the page.
  await expect(steps.nth(2)).toContainText('no <img src=x onerror="document.title=1"> button');
  await expect(page.locator('#main img[src="x"]')).toHaveCount(0);
  for (const picture of await steps.locator('img').all()) await loaded(picture);
  await expect(page.getByRole('heading', { name: 'Screenshots outside of steps' })).toBeVisible();
  await shot(page, 'run-steps', { fullPage: true });
});

await test('the viewer of screenshots, by keyboard', async (page) => {
  await openRun(page, 'checkout');
  const first = page.getByRole('button', { name: 'Open screenshot 01-open-starting.png' });
  await expect(first).toBeVisible();
  await pressUntilFocused(page, 'Tab', first);
  await page.keyboard.press('Enter');
  const viewer = page.getByRole('dialog', { name: /^Screenshot \d of \d/ });
  await expect(viewer).toHaveAccessibleName(/^Screenshot 1 of 7: 01-open-starting\.png/);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowRight');
  await expect(viewer).toHaveAccessibleName(/^Screenshot 2 of 7/);
  await loaded(viewer.locator('img'));
  await shot(page, 'run-viewer');
  const width = () => viewer.locator('img').evaluate((img) => img.getBoundingClientRect().width);
  await page.keyboard.press('+');
  await expect(viewer.getByText('75%')).toBeVisible();
  await page.keyboard.press('+');
  await expect(viewer.getByText('100%')).toBeVisible();
  await expect.poll(width).toBe(1280);
  await page.keyboard.press('0');
  await expect(viewer.getByText('Fit')).toBeVisible();
  await page.keyboard.press('End');
  await expect(viewer).toHaveAccessibleName(/^Screenshot 7 of 7: 07-pay-failed\.png/);
  await page.keyboard.press('Escape');
  await expect(viewer).toBeHidden();
  await expect(first).toBeFocused();
});

await test('the waterfall', async (page) => {
  await openRun(page, 'checkout', 'waterfall');
  const grid = page.getByRole('grid', { name: 'Requests' });
  await expect(grid.getByRole('row').filter({ hasText: '/shop.css' }).first()).toContainText('stylesheet');
  await expect(page.getByText(/DOMContentLoaded \d/)).toBeVisible();
  await shot(page, 'run-waterfall', { fullPage: true });

  await page.getByRole('searchbox', { name: 'Find requests' }).fill('logo');
  await expect(grid.getByRole('row')).toHaveCount(2);
  await grid.getByRole('row').nth(1).click();
  const details = page.getByRole('region', { name: 'Details of the request' });
  await expect(details.getByText('image/svg+xml').first()).toBeVisible();
  await details.getByRole('tab', { name: 'Timings' }).click();
  await expect(details.getByRole('row', { name: /^Wait/ })).toBeVisible();
  await details.getByRole('button', { name: 'Close the details' }).click();
  await expect(details).toBeHidden();
});

await test('two thousand requests', async (page) => {
  await openRun(page, 'many', 'waterfall');
  const grid = page.getByRole('grid', { name: 'Requests' });
  await expect(grid).toHaveAttribute('aria-rowcount', '2001');
  expect(await grid.getByRole('row').count()).toBeLessThan(80);
  await grid.focus();
  await page.keyboard.press('End');
  await expect(grid.getByRole('row').filter({ hasText: '/item/1999' })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Details of the request' })).toContainText('https://shop.example/item/1999');
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('region', { name: 'Details of the request' })).toContainText('https://shop.example/item/1998');
  await page.keyboard.press('Escape');
  await grid.getByRole('button', { name: 'Size' }).click();
  await grid.getByRole('button', { name: 'Size' }).click();
  await expect(grid.getByRole('columnheader', { name: 'Size' })).toHaveAttribute('aria-sort', 'descending');
  await page.keyboard.press('Escape');
  await grid.focus();
  await page.keyboard.press('Home');
  await expect(grid.getByRole('row').nth(1)).toContainText('/item/1999');
  await page.getByRole('button', { name: /^Statuses/ }).click();
  await page.getByRole('option', { name: '4xx' }).click();
  await page.keyboard.press('Escape');
  await expect(grid).toHaveAttribute('aria-rowcount', '1001');
});

await test('the log', async (page) => {
  await openRun(page, 'checkout', 'logs');
  const log = page.getByRole('log', { name: 'Lines of the log' });
  await expect(log).toContainText('The cart is <b>slow</b> today');
  await expect(log).toContainText('START RequestId');
  await shot(page, 'run-logs', { fullPage: true });
  await page.getByRole('button', { name: /^Levels/ }).click();
  await page.getByRole('option', { name: /WARN/ }).click();
  await page.keyboard.press('Escape');
  await expect(log).not.toContainText('START RequestId');
  await page.getByRole('searchbox', { name: 'Find in the log' }).fill('SLOW');
  await expect(log.locator('mark')).toHaveText('slow');
  await page.getByRole('button', { name: 'Log file' }).click();
  await expect(log).toContainText('The cart is <b>slow</b> today');
  await expect(log).not.toContainText('START RequestId');
});

await test('files', async (page) => {
  await openRun(page, 'checkout', 'files');
  const row = (name) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
  await expect(row('page.html')).toContainText('Web page');
  await shot(page, 'run-files', { fullPage: true });
  await page.getByRole('button', { name: 'Preview page.html' }).click();
  // A page of the script's is shown as text: the title stays.
  await expect(page.getByRole('dialog').getByText('<script>document.title = "taken over"</script>')).toBeVisible();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Preview fake.png' }).click();
  await expect(page.getByText('fake.png is not a picture.')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page).toHaveTitle(/^Run /);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download page.html' }).click()]);
  expect(download.suggestedFilename()).toBe('page.html');
  expect(await readFile(await download.path(), 'utf8')).toContain('taken over');
});

await test('requests of an API canary', async (page) => {
  await openRun(page, 'api', 'requests');
  const table = page.getByRole('table', { name: 'HTTP requests' });
  await expect(table.getByRole('row').filter({ hasText: 'list items' })).toContainText('200 OK');
  await expect(table.getByRole('row').filter({ hasText: 'missing' }).first()).toContainText('404');
  await expect(page.getByText('status 404').first()).toBeVisible();
  await table.getByRole('radio', { name: 'list items' }).check();
  await expect(page.getByText('["Anchor","Buoy"]')).toBeVisible();
  await shot(page, 'run-requests', { fullPage: true });
  await expect(page.getByRole('tab', { name: 'Waterfall' })).toHaveCount(0);
});

await test('attempts', async (page) => {
  await openRun(page, 'api');
  await expect(page.getByRole('heading', { level: 1 }).getByText('Retry 1')).toBeVisible();
  await expect(page.getByText('Retry 1, Chrome (this run)')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Previous run' })).toBeDisabled();
  await page.getByRole('link', { name: 'First attempt, Chrome' }).click();
  await expect(page.getByText('First attempt, Chrome (this run)')).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 }).getByText('Retry 1')).toHaveCount(0);
});

await test('checks', async (page) => {
  await openRun(page, 'checks', 'checks');
  const table = page.getByRole('table', { name: 'Checks' });
  await expect(table.getByRole('row').filter({ hasText: 'items' }).first()).toContainText('Passed');
  await expect(table.getByRole('radio', { name: 'missing' })).toBeChecked();
  await expect(page.getByRole('table', { name: 'Assertions' }).getByRole('row').nth(1)).toContainText('404');
  await shot(page, 'run-checks', { fullPage: true });
});

await test('links', async (page) => {
  await openRun(page, 'links', 'links');
  await expect(page.getByText('One link is broken.')).toBeVisible();
  const rows = page.getByRole('row');
  await expect(rows.nth(1)).toContainText('Broken');
  await expect(rows.nth(1)).toContainText('404 Not Found');
  await expect(rows.nth(2)).toContainText('Works');
  await page.getByRole('button', { name: /^Open screenshot .*link-cart/ }).click();
  await expect(page.getByRole('dialog', { name: /link-cart/ })).toBeVisible();
});

await test('visual differences', async (page) => {
  await openRun(page, 'look', 'visual');
  await expect(page.getByText('2 of 4 differ.')).toBeVisible();
  const row = page.getByRole('row').filter({ hasText: 'shop-succeeded.png' });
  await expect(row).toContainText('Differs');
  await expect(row.getByRole('radio')).toBeChecked();
  for (const name of ['Screenshot of the baseline', 'Screenshot of this run', 'This run with what differs highlighted']) await loaded(page.getByRole('img', { name }));
  await shot(page, 'run-visual', { fullPage: true });

  await page.getByRole('button', { name: 'Slider' }).click();
  const line = page.getByRole('slider', { name: /^Baseline to the left/ });
  await line.focus();
  await page.keyboard.press('Home');
  await expect(page.locator('.run-slider-line')).toHaveCSS('left', '0px');
  const stack = await page.locator('.run-stack').boundingBox();
  await page.locator('.run-stack').click({ position: { x: stack.width * 0.75, y: 40 } });
  await expect(line).toHaveValue('75');
  await page.getByRole('button', { name: 'Onion skin' }).click();
  await page.getByRole('slider', { name: /^How much/ }).press('End');
  await expect(page.locator('.run-over')).toHaveCSS('opacity', '1');
});

await test('ignore areas with the mouse and by keyboard', async (page) => {
  await openRun(page, 'look', 'visual');
  await page.getByRole('button', { name: 'Ignore areas' }).click();
  const picture = page.locator('.run-draw img');
  await loaded(picture);
  await picture.scrollIntoViewIfNeeded();
  const box = await picture.boundingBox();
  const scale = box.width / 800;
  await page.mouse.move(box.x + 10 * scale, box.y + 300 * scale);
  await page.mouse.down();
  await page.mouse.move(box.x + 110 * scale, box.y + 400 * scale, { steps: 5 });
  await page.mouse.up();
  const areas = page.getByRole('list', { name: 'Ignored areas' }).getByRole('listitem');
  await expect(areas).toHaveCount(1);
  await expect(areas).toContainText(/\((99|100|101) × (99|100|101) pixels\)/); // the picture may begin between two pixels of the screen

  for (const [label, value] of [['Left', '0'], ['Top', '50'], ['Right', '900'], ['Bottom', '200']]) await page.getByRole('spinbutton', { name: label }).fill(value);
  await page.getByRole('button', { name: 'Add area' }).click();
  await expect(page.getByText('The area must be inside the picture (800 × 500).')).toBeVisible();
  await page.getByRole('spinbutton', { name: 'Right' }).fill('799');
  await page.keyboard.press('Enter');
  await expect(areas).toHaveCount(2);
  await page.getByRole('button', { name: /^Ignored area 2: 0, 50 to 799, 200/ }).press('ArrowRight');
  await expect(areas.nth(1)).toContainText('From 1, 50 to 800, 200');
  await page.getByRole('button', { name: /^Remove ignored area 1/ }).click();
  await expect(areas).toHaveCount(1);
  await shot(page, 'run-areas', { fullPage: true });
  await page.getByRole('button', { name: 'Save ignored areas' }).click();
  await notice(page, 'The ignored areas are saved.');
  await page.reload();
  await expect(page.getByRole('row').filter({ hasText: 'shop-succeeded.png' })).toContainText(/1$/);
  await page.getByRole('button', { name: 'Ignore areas' }).click();
  await expect(areas).toContainText('From 1, 50 to 800, 200');
});

await test('accept a run as the baseline', async (page) => {
  await openRun(page, 'look', 'visual');
  await page.getByRole('button', { name: 'Accept as new baseline' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Accept', exact: true }).click();
  await notice(page, 'Runs to come are compared with the screenshots of this run.');
  await expect(page.getByText('This run is the baseline.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Accept as new baseline' })).toBeDisabled();
  await page.getByRole('button', { name: 'Previous run' }).click();
  await expect(page.getByText(/^Screenshots are compared with those of/)).toBeVisible();
  await page.getByRole('button', { name: 'Next run' }).click();
  await expect(page.getByText('This run is the baseline.')).toBeVisible();
});

await test('artifacts that are as bad as they can be', async (page) => {
  await openRun(page, 'hostile');
  await expect(page.getByText('The report of this run cannot be read')).toBeVisible();
  for (const [tab, text] of [
    ['HTTP requests', 'HttpRequestsReport.json cannot be read'], ['Links', 'BrokenLinkCheckerReport.json cannot be read'], ['Waterfall', 'This file is not an HTTP archive: it has no log.entries.'],
    ['Visual differences', 'This run has no screenshots.'],
  ]) {
    await page.getByRole('tab', { name: tab, exact: true }).click();
    await expect(page.getByText(text)).toBeVisible();
  }
  await page.getByRole('tab', { name: /^Files/ }).click();
  await page.getByRole('button', { name: /^Preview <img/ }).click();
  await expect(page.getByRole('dialog').getByText('<script>document.title=1</script>')).toBeVisible();
  await expect(page).toHaveTitle(/^Run /);
});

await test('a run that goes on', async (page) => {
  const gate = (method) => fetch(`${site}/gate`, { method });
  await gate('PUT');
  try {
    await ask('checkout/start');
    await expect.poll(async () => (await newest('checkout')).Status.State).toBe('RUNNING');
    await openRun(page, 'checkout');
    await expect(page.getByText('Its steps are shown when it has ended.')).toBeVisible();
    await shot(page, 'run-running');
  } finally {
    await gate('DELETE');
  }
  await expect(page.getByRole('list', { name: 'Steps' }).getByRole('listitem')).toHaveCount(3);
  await expect(page.getByText('The canary failed')).toBeVisible();
  await page.getByRole('button', { name: 'Previous run' }).click();
  await expect(page.getByRole('button', { name: 'Next run' })).toBeEnabled();
});

await test('no such run', async (page) => {
  await open(page, '/canaries/checkout/runs/00000000-0000-4000-8000-000000000000');
  await expect(page.getByText('There is no such run')).toBeVisible();
});

await test('every tab, narrow and dark', async (page) => {
  for (const [canary, tab] of [['checkout', 'steps'], ['checkout', 'waterfall'], ['checkout', 'logs'], ['checkout', 'files'], ['look', 'visual'], ['api', 'requests'], ['links', 'links'], ['checks', 'checks']]) {
    await openRun(page, canary, tab);
    const panel = page.getByRole('tabpanel');
    await expect(panel).not.toContainText('Loading');
    for (const picture of await panel.locator('img').all()) await loaded(picture);
    expect(await overflows(page), `${tab} is wider than its window`).toBe(false);
    await shot(page, `run-${tab}-narrow`, { fullPage: true });
  }
}, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });

await done();
