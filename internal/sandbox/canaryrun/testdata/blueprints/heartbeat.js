const { URL } = require('url');
const synthetics = require('Synthetics');
const log = require('SyntheticsLogger');
const logHelper = require('SyntheticsLogHelper');
const configuration = synthetics.getConfiguration();

const addresses = ['{{SITE}}/', '{{SITE}}/shop?token=secret'];

const open = async (page, address) => {
  const clean = logHelper.getSanitizedUrl(address);
  const name = `${new URL(address).hostname}${new URL(address).pathname}`;
  await synthetics.executeStep(name, async (timeoutInMillis = 30000) => {
    log.info('Opening ' + clean);
    const response = await page.goto(address, { waitUntil: ['load', 'networkidle0'], timeout: timeoutInMillis });
    if (!response) throw new Error('No response from ' + clean);
    const status = response.status();
    log.info(`Response from ${clean}: ${status} ${response.statusText()}`);
    if (status < 200 || status > 299) throw new Error(`Failed to load ${clean}: ${status}`);
    await synthetics.takeScreenshot(name, 'loaded');
  });
};

const flow = async () => {
  configuration.disableStepScreenshots();
  configuration.setConfig({
    continueOnStepFailure: true,
    includeRequestHeaders: true,
    includeResponseHeaders: true,
    restrictedHeaders: ['User-Agent'],
    restrictedUrlParameters: ['TOKEN'],
  });
  const page = await synthetics.getPage();
  for (const address of addresses) await open(page, address);
};

exports.handler = async () => {
  return await flow();
};
