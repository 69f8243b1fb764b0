import { done, expect, open, overflows, shot, test } from './kit.mjs';

const notice = (page, text) => expect(page.getByRole('region', { name: 'Notifications' }).getByText(text)).toBeVisible();

const nameField = (page) => page.getByRole('textbox', { name: 'Name', exact: true });

await test('the list', async (page) => {
  await open(page, '/canaries');
  const row = (name) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
  await expect(page.getByRole('table', { name: 'Canaries' })).toBeVisible();
  await expect(row('works')).toContainText('Running');
  await expect(row('works')).toContainText('Passed');
  await expect(row('works')).toContainText('100%');
  await expect(row('works')).toContainText('Every hour');
  await expect(row('broken')).toContainText('Failed');
  await expect(row('idle')).toContainText('Ready');
  await expect(row('idle')).toContainText('No runs yet');
  await expect(row('works').getByRole('list', { name: 'Recent runs of works' }).getByRole('link')).toHaveCount(1);
  await expect(row('broken').getByRole('link', { name: /^Failed, / })).toBeVisible();
  await shot(page, 'list');

  const find = page.getByRole('combobox', { name: 'Find canaries' });
  await find.fill('brok');
  await find.press('Enter');
  await expect(row('works')).toHaveCount(0);
  await expect(row('broken')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(row('works')).toBeVisible();

  await page.getByRole('columnheader', { name: /Name/ }).getByRole('button').first().press('Enter');
  await expect(page.getByRole('rowheader').first()).toHaveText('works');

  await row('broken').getByRole('link', { name: /^Failed, / }).click();
  await expect(page).toHaveURL(/\/canaries\/broken\/runs\/[0-9a-f-]{36}$/);
});

await test('a canary', async (page) => {
  await open(page, '/canaries/works');
  await expect(page.getByRole('heading', { level: 1, name: 'works' })).toBeVisible();
  await expect(page).toHaveTitle('works | Nephele console');
  await expect(page.getByRole('application', { name: 'Availability of works' })).toBeVisible();
  await expect(page.getByRole('application', { name: 'Duration of works' })).toBeVisible();
  await shot(page, 'detail', { fullPage: true });
  await page.getByRole('tab', { name: 'Runs' }).click();
  await expect(page.getByRole('table', { name: 'Runs' }).getByRole('row')).toHaveCount(2);
  await page.getByRole('tab', { name: 'Monitoring' }).click();
  await expect(page.getByRole('heading', { name: 'Duration by step' })).toBeVisible();
  await page.getByRole('tab', { name: 'Configuration' }).click();
  await expect(page.getByText('heartbeat.handler')).toBeVisible();
  await expect(page.getByText('arn:aws:synthetics:us-east-1:000000000000:canary:works')).toBeVisible();
  await page.getByRole('tab', { name: 'Groups' }).click();
  await expect(page.getByText('In no group')).toBeVisible();
});

await test('tags', async (page) => {
  await open(page, '/canaries/idle?tab=tags');
  await page.getByRole('button', { name: 'Manage tags' }).click();
  await page.getByRole('button', { name: 'Add tag' }).click();
  await page.getByLabel('Key of tag 1').fill('team');
  await page.getByLabel('Value of tag 1').fill('shop');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('row', { name: 'team shop' })).toBeVisible();
  await page.getByRole('button', { name: 'Manage tags' }).click();
  await page.getByRole('button', { name: 'Remove tag team' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('No tags', { exact: true })).toBeVisible();
});

await test('stop, start, edit and delete', async (page) => {
  await open(page, '/canaries/works');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await notice(page, 'Canary works was stopped.');
  await expect(page.getByText('Stopped', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByRole('radio', { name: /^Once/ }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await notice(page, 'Canary works was changed.');
  await expect(page.getByText('Run once')).toBeVisible();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await notice(page, 'Canary works was started.');
  await expect(page.getByRole('list', { name: 'Recent runs of works' }).getByRole('link', { name: /^Passed, / })).toHaveCount(2);
  await expect(page.getByText('Stopped', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete works?' });
  await expect(dialog.getByRole('button', { name: 'Delete' })).toBeDisabled();
  await dialog.getByRole('textbox').fill('delete');
  await shot(page, 'delete');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await notice(page, 'Canary works was deleted.');
  await expect(page).toHaveURL(/\/canaries$/);
  await expect(page.getByRole('rowheader', { name: 'works' })).toHaveCount(0);
});

await test('several at once', async (page) => {
  await open(page, '/canaries');
  await page.getByRole('checkbox', { name: 'Select idle' }).check();
  await page.getByRole('button', { name: 'Actions' }).click();
  await expect(page.getByRole('menuitem', { name: 'Stop' })).toBeDisabled();
  await page.getByRole('menuitem', { name: 'Start' }).click();
  await notice(page, 'Canary idle was started.');
  await page.getByRole('checkbox', { name: 'Select broken' }).check();
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: 'Stop' }).click();
  await notice(page, '2 canaries were stopped: broken, idle.');
});

await test('what the server refuses', async (page) => {
  await open(page, '/canaries/no-such-canary');
  await expect(page.getByText('Canary no-such-canary could not be loaded')).toBeVisible();
  await expect(page.getByText('ResourceNotFoundException')).toBeVisible();
}, { refused: true });

await test('on a phone, in the dark', async (page) => {
  await open(page, '/canaries');
  await expect(page.getByRole('rowheader', { name: 'broken' })).toBeVisible();
  await expect(page.locator('body')).toHaveClass(/awsui-dark-mode/);
  expect(await overflows(page)).toBe(false);
  await shot(page, 'list-390-dark');
  await open(page, '/canaries/broken');
  await expect(page.getByRole('heading', { level: 1, name: 'broken' })).toBeVisible();
  expect(await overflows(page)).toBe(false);
  await shot(page, 'detail-390-dark', { fullPage: true });
  await open(page, '/canaries/create');
  await expect(nameField(page)).toBeVisible();
  expect(await overflows(page)).toBe(false);
  await shot(page, 'create-390-dark');
}, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });

await test('the look that somebody chose stays', async (page) => {
  await open(page, '/canaries');
  await expect(page.locator('body')).not.toHaveClass(/awsui-dark-mode/);
  await page.getByRole('button', { name: 'Appearance' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Dark' }).click();
  await expect(page.locator('body')).toHaveClass(/awsui-dark-mode/);
  await page.reload();
  await expect(page.getByRole('rowheader', { name: 'broken' })).toBeVisible();
  await expect(page.locator('body')).toHaveClass(/awsui-dark-mode/);
  await shot(page, 'list-dark');
  await open(page, '/canaries/broken');
  await expect(page.getByRole('application', { name: 'Availability of broken' })).toBeVisible();
  await shot(page, 'detail-dark', { fullPage: true });
});

await test('an address that leads nowhere', async (page) => {
  await open(page, '/nowhere');
  await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible();
});

await done();
