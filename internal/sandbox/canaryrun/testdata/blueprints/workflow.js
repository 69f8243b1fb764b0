const synthetics = require('Synthetics');
const log = require('SyntheticsLogger');
const syntheticsConfiguration = synthetics.getConfiguration();

const flow = async () => {
  syntheticsConfiguration.setConfig({ includeRequestHeaders: true, includeResponseHeaders: true, restrictedHeaders: [], restrictedUrlParameters: [] });
  const page = await synthetics.getPage();
  const timeout = 20000;

  const response = await page.goto('{{SITE}}/login', { waitUntil: 'domcontentloaded', timeout: 30000 });
  if (!response || response.status() !== 200) throw 'Failed to load page!';
  await page.waitForSelector('#user', { timeout });
  await synthetics.takeScreenshot('login', 'loaded');

  await synthetics.executeStep('verifyText', async () => {
    await page.waitForSelector("xpath///h1[contains(text(), 'Sign in')]", { timeout });
  });
  await synthetics.executeStep('input', async () => {
    await page.type('#user', 'canary');
    await page.type('#password', process.env.PASSWORD || 'secret');
  });
  await synthetics.executeStep('redirection', async () => {
    await Promise.all([page.waitForNavigation({ timeout: 30000 }), page.click('#send')]);
  });
  await synthetics.executeStep('verifySelector', async () => {
    await page.waitForSelector('.welcome', { timeout });
    log.info('Signed in as ' + (await page.$eval('.welcome', (e) => e.textContent)));
  }, { screenshotOnStepStart: false });
};

exports.handler = async () => {
  return await flow();
};
