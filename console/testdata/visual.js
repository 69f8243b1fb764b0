const synthetics = require('Synthetics');

exports.handler = async () => {
  const configuration = synthetics.getConfiguration();
  configuration.withVisualCompareWithBaseRun(true);
  configuration.withVisualVarianceThresholdPercentage(0.1);
  configuration.withFailCanaryRunOnVisualVariance(true);
  const page = await synthetics.getPage();
  await page.setViewport({ width: 800, height: 500 });
  await synthetics.executeStep('shop', async () => {
    await page.goto(process.env.SITE + '/', { waitUntil: 'load' });
  });
  await synthetics.executeStep('cart', async () => {
    await page.goto(process.env.SITE + '/cart', { waitUntil: 'load' });
  });
};
