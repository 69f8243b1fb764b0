const synthetics = require('Synthetics');
const log = require('SyntheticsLogger');
const syntheticsConfiguration = synthetics.getConfiguration();

const flow = async () => {
  syntheticsConfiguration.setConfig({ continueOnStepFailure: true, includeRequestHeaders: true, includeResponseHeaders: true });
  syntheticsConfiguration.disableStepScreenshots();
  syntheticsConfiguration.withVisualCompareWithBaseRun(true);
  syntheticsConfiguration.withVisualVarianceThresholdPercentage(5);
  syntheticsConfiguration.withVisualVarianceHighlightHexColor('#ff00ff');
  const page = await synthetics.getPage();
  await synthetics.executeStep('shop', async () => {
    const response = await page.goto('{{SITE}}/shop', { waitUntil: 'load', timeout: 30000 });
    log.info('Status ' + response.status());
    await synthetics.takeScreenshot('shop', 'loaded');
  });
};

exports.handler = async () => {
  return await flow();
};
