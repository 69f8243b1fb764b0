import { done, expect, open, overflows, shot, test } from './kit.mjs';

const notice = (page, text) => expect(page.getByRole('region', { name: 'Notifications' }).getByText(text)).toBeVisible();

await test('create a group', async (page) => {
  await open(page, '/groups');
  await expect(page.getByText('No groups')).toBeVisible();
  await page.getByRole('button', { name: 'Create group' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Create group' });
  await dialog.getByRole('button', { name: 'Create group' }).click();
  await expect(dialog.getByText('Enter a name.')).toBeVisible();
  await dialog.getByRole('textbox', { name: 'Name' }).fill('store');
  await dialog.getByRole('button', { name: /Canaries/ }).click();
  await page.getByRole('option', { name: 'works' }).click();
  await page.keyboard.press('Escape');
  await dialog.getByRole('button', { name: 'Create group' }).click();
  await expect(page).toHaveURL(/\/groups\/store$/);
  await expect(page.getByText('All passing')).toBeVisible();
  await expect(page.getByRole('table', { name: 'Canaries' }).getByRole('row')).toHaveCount(2);
});

await test('add and remove canaries', async (page) => {
  await open(page, '/groups/store');
  await page.getByRole('button', { name: 'Add canaries' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add canaries to store' });
  await dialog.getByRole('button', { name: /Canaries/ }).click();
  await expect(page.getByRole('option', { name: 'works' })).toHaveCount(0);
  await page.getByRole('option', { name: 'fails' }).click();
  await page.keyboard.press('Escape');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.getByText('1 of 2 failing')).toBeVisible();
  await shot(page, 'group', { fullPage: true });
  await page.getByRole('row').filter({ hasText: 'fails' }).getByRole('link', { name: 'Failed' }).click();
  await expect(page).toHaveURL(/\/canaries\/fails\/runs\//);
  await page.goBack();
  await page.getByRole('checkbox', { name: 'Select fails' }).check();
  await page.getByRole('button', { name: 'Remove from group' }).click();
  await notice(page, 'fails is no longer in the group.');
  await expect(page.getByText('All passing')).toBeVisible();
});

await test('the list of groups', async (page) => {
  await open(page, '/groups');
  const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'store' }) });
  await expect(row).toContainText('All passing');
  await shot(page, 'groups', { fullPage: true });
  await page.getByRole('button', { name: 'Create group' }).click();
  const dialog = page.getByRole('dialog', { name: 'Create group' });
  await dialog.getByRole('textbox', { name: 'Name' }).fill('store');
  await page.keyboard.press('Enter');
  await expect(dialog.getByText('There is a group of this name.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
});

await test('narrow and dark', async (page) => {
  for (const route of ['/groups', '/groups/store']) {
    await open(page, route);
    await expect(page.getByText('All passing')).toBeVisible();
    expect(await overflows(page)).toBe(false);
    await shot(page, `groups-narrow${route.replaceAll('/', '-')}`, { fullPage: true });
  }
}, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });

await test('delete a group', async (page) => {
  await open(page, '/groups');
  await page.getByRole('radio', { name: 'Select store' }).check();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'Delete store?' }).getByRole('button', { name: 'Delete' }).click();
  await notice(page, 'Group store is deleted.');
  await expect(page.getByText('No groups')).toBeVisible();
});

await test('no such group', async (page) => {
  await open(page, '/groups/nothing');
  await expect(page.getByText('There is no such group')).toBeVisible();
}, { refused: true });

await done();
