import { done, expect, open, pressUntilFocused, shot, site, test } from './kit.mjs';

const nameField = (page) => page.getByRole('textbox', { name: 'Name', exact: true });

await test('from a blueprint, with the mouse', async (page) => {
  await open(page, '/canaries');
  await page.getByRole('button', { name: 'Create canary' }).first().click();
  await expect(nameField(page)).toBeVisible();
  await page.getByRole('button', { name: 'Create canary' }).click();
  await expect(page.getByText('Enter a name of lower-case letters')).toBeVisible();
  await expect(nameField(page)).toBeFocused();
  await nameField(page).fill('from-blueprint');
  await page.getByLabel('Addresses').fill(`${site}/\n${site}/about`);
  await page.getByRole('button', { name: 'Script' }).click();
  await expect(page.getByText(`const urls = ["${site}/","${site}/about"];`)).toBeVisible();
  await shot(page, 'create', { fullPage: true });
  await page.getByRole('button', { name: 'Create canary' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'from-blueprint' })).toBeVisible();
  await expect(page.getByText('Canary from-blueprint was created and started.')).toBeVisible();
  await expect(page.getByRole('list', { name: 'Recent runs of from-blueprint' }).getByRole('link', { name: /^Passed, / })).toHaveCount(1);
  await page.getByRole('tab', { name: 'Configuration' }).click();
  await expect(page.getByText('s3://cw-syn-results-000000000000-us-east-1/', { exact: false })).toBeVisible();
}, { refused: true }); // there is no bucket yet

await test('in the editor', async (page) => {
  await open(page, '/canaries/create');
  await nameField(page).fill('edited');
  await page.getByRole('button', { name: 'Script' }).click();
  await page.getByRole('button', { name: 'Edit this script' }).click();
  await expect(page.getByRole('radio', { name: /^Inline editor/ })).toBeChecked();
  const editor = page.getByRole('textbox', { name: /Script/ });
  await editor.focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText("exports.handler = async () => { throw new Error('as written'); };");
  await expect(page.getByLabel('Handler')).toHaveValue('heartbeat.handler');
  await page.getByRole('radio', { name: /^Once/ }).check();
  await shot(page, 'editor', { fullPage: true });
  await page.getByRole('button', { name: 'Create canary' }).click();
  await expect(page.getByRole('list', { name: 'Recent runs of edited' }).getByRole('link', { name: /^Failed, / })).toHaveCount(1);
  await page.getByRole('tab', { name: 'Runs' }).click();
  await expect(page.getByRole('table', { name: 'Runs' }).getByText('as written')).toBeVisible();
});

await test('what the server refuses', async (page) => {
  await open(page, '/canaries/create');
  await nameField(page).fill('from-blueprint');
  await page.getByRole('button', { name: 'Create canary' }).click();
  await expect(page.getByText('The canary was not created')).toBeVisible();
  await expect(page.getByText('Canary name already exists')).toBeVisible();
}, { refused: true });

await test('by keyboard alone', async (page) => {
  await open(page, '/canaries');
  const create = page.getByRole('button', { name: 'Create canary' }).first();
  await expect(page.getByRole('rowheader', { name: 'edited' })).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to main content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await pressUntilFocused(page, 'Tab', create);
  await page.keyboard.press('Enter');
  await expect(nameField(page)).toBeFocused();
  await page.keyboard.type('by-keyboard');
  await pressUntilFocused(page, 'Tab', page.getByLabel('Addresses'));
  await page.keyboard.press('Control+a');
  await page.keyboard.type(`${site}/`);
  await page.keyboard.press('Tab');
  await pressUntilFocused(page, 'Tab', page.getByRole('button', { name: 'Create canary' }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'by-keyboard' })).toBeVisible();

  const strip = page.getByRole('list', { name: 'Recent runs of by-keyboard' }).getByRole('link');
  await expect(strip).toHaveCount(1);
  await expect(page.getByText('Canary by-keyboard was created and started.')).toBeVisible();
  await expect(page.locator('#main')).toBeFocused();
  await pressUntilFocused(page, 'Tab', page.getByRole('button', { name: 'Stop', exact: true }));
  await page.keyboard.press('Enter');
  await expect(page.getByText('Canary by-keyboard was stopped.')).toBeVisible();
  await pressUntilFocused(page, 'Tab', page.getByRole('button', { name: 'Actions' }));
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog').getByRole('textbox')).toBeFocused();
  await page.keyboard.type('delete');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/canaries$/);
  await expect(page.getByText('Canary by-keyboard was deleted.')).toBeVisible();
});

await test('runs of the strip by arrow keys', async (page) => {
  await open(page, '/canaries/from-blueprint');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  const strip = page.getByRole('list', { name: 'Recent runs of from-blueprint' }).getByRole('link');
  await expect(strip).toHaveCount(2);
  await expect(strip.last()).toHaveAttribute('tabindex', '0');
  await strip.last().focus();
  await page.keyboard.press('ArrowLeft');
  await expect(strip.first()).toBeFocused();
  await expect(strip.last()).toHaveAttribute('tabindex', '-1');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/runs\/[0-9a-f-]{36}$/);
});

await test('a dry run of what is edited', async (page) => {
  await open(page, '/canaries/edited/edit');
  await page.getByRole('radio', { name: /^Use a blueprint/ }).check();
  await page.getByLabel('Addresses').fill(`${site}/`);
  await page.getByRole('button', { name: 'Start dry run' }).click();
  await expect(page.getByText('The dry run passed')).toBeVisible();
  await shot(page, 'dryrun');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Canary edited was changed.')).toBeVisible();
});

await done();
