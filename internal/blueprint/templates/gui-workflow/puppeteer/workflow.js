const synthetics = require('@aws/synthetics-puppeteer');

const url = "{{url}}";
const user = "{{userSelector}}";
const password = "{{passwordSelector}}";
const submit = "{{submitSelector}}";
const expected = "{{text}}";

exports.handler = async () => {
  const page = await synthetics.getPage();
  await synthetics.executeStep('open', () => page.goto(url, { waitUntil: 'domcontentloaded', timeout: 30000 }));
  await synthetics.executeStep('fill in', async () => {
    await page.waitForSelector(user, { timeout: 10000 });
    await page.type(user, process.env.SITE_USER ?? '');
    await page.type(password, process.env.SITE_PASSWORD ?? '');
  });
  await synthetics.executeStep('submit', async () => {
    await Promise.all([page.waitForNavigation({ timeout: 15000 }), page.click(submit)]);
  });
  await synthetics.executeStep('verify', async () => {
    await page.waitForFunction((text) => document.body.innerText.includes(text), { timeout: 10000 }, expected);
  });
};
