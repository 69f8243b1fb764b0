const { synthetics } = require('@aws/synthetics-playwright');

const url = "{{url}}";
const user = "{{userSelector}}";
const password = "{{passwordSelector}}";
const submit = "{{submitSelector}}";
const expected = "{{text}}";

exports.handler = async () => {
  const browser = await synthetics.launch();
  const page = await synthetics.newPage(browser);
  await synthetics.executeStep('open', () => page.goto(url, { waitUntil: 'domcontentloaded', timeout: 30000 }));
  await synthetics.executeStep('fill in', async () => {
    await page.locator(user).fill(process.env.SITE_USER ?? '');
    await page.locator(password).fill(process.env.SITE_PASSWORD ?? '');
  });
  await synthetics.executeStep('submit', () => page.locator(submit).click());
  await synthetics.executeStep('verify', () => page.getByText(expected).first().waitFor({ timeout: 10000 }));
  await synthetics.close();
};
