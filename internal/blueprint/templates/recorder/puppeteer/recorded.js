const synthetics = require('Synthetics');
const log = require('SyntheticsLogger');

const recordedScript = async function () {
  const page = await synthetics.getPage();
  const navigationPromise = page.waitForNavigation();

  await synthetics.executeStep('Goto_0', async function () {
    await page.goto("{{url}}", { waitUntil: 'domcontentloaded', timeout: 60000 });
  });

  await page.setViewport({ width: 1280, height: 800 });
  await navigationPromise;

  await synthetics.executeStep('Click_1', async function () {
    await page.waitForSelector("{{selector}}");
    await page.click("{{selector}}");
  });
  log.info('The recording has ended');
};

exports.handler = async () => recordedScript();
