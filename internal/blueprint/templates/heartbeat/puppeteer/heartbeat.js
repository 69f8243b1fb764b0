const synthetics = require('@aws/synthetics-puppeteer');
const log = require('@aws/synthetics-logger');

const urls = "{{urls}}";

/** Opens one page as a step of its own. */
async function open(page, url) {
  await synthetics.executeStep(new URL(url).host, async () => {
    const response = await page.goto(url, { waitUntil: 'domcontentloaded', timeout: 30000 });
    if (!response || response.status() >= 400) {
      throw new Error(`${url} answered ${response ? response.status() : 'nothing'}`);
    }
    log.info(`${url} answered ${response.status()}`);
  });
}

exports.handler = async () => {
  synthetics.getConfiguration().setConfig({ continueOnStepFailure: true });
  const page = await synthetics.getPage();
  for (const url of urls) await open(page, url);
};
