import { done, expect, key, open, secret, shot, test } from './kit.mjs';

const fill = async (page, id, sec) => {
  await page.getByLabel('Access key ID').fill(id);
  await page.getByLabel('Secret access key').fill(sec);
  await page.getByRole('button', { name: 'Sign in' }).click();
};

await test('a key that the server knows', async (page) => {
  await open(page, '/canaries');
  await expect(page.getByRole('heading', { name: 'Sign in to Nephele' })).toBeVisible();
  await expect(page.getByLabel('Access key ID')).toBeFocused();
  await expect(page.getByLabel('Region')).toHaveValue('us-east-1');
  await shot(page, 'signin');
  await fill(page, key, secret);
  await expect(page.getByRole('heading', { name: 'Canaries' })).toBeVisible();
  await expect(page.getByText('No canaries')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Canaries' })).toBeVisible();
  await page.getByRole('button', { name: 'Account 000000000000' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in to Nephele' })).toBeVisible();
  expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }))).not.toContain(secret);
});

await test('nothing typed', async (page) => {
  await open(page, '/');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('Enter an access key ID.')).toBeVisible();
  await expect(page.getByText('Enter the secret access key.')).toBeVisible();
});

await test('a wrong secret', async (page) => {
  await open(page, '/');
  await fill(page, key, 'not-the-secret');
  await expect(page.getByText('You are not signed in')).toBeVisible();
  await expect(page.getByText('SignatureDoesNotMatch')).toBeVisible();
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
}, { refused: true });

await test('a new tab asks again', async (page, context) => {
  await open(page, '/');
  await fill(page, key, secret);
  await expect(page.getByRole('heading', { name: 'Canaries' })).toBeVisible();
  const other = await context.newPage();
  await open(other, '/');
  await expect(other.getByRole('heading', { name: 'Sign in to Nephele' })).toBeVisible();
});

await done();
