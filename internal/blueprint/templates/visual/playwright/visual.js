const { synthetics } = require('@aws/synthetics-playwright');

const url = "{{url}}";
const threshold = "{{threshold}}";

exports.handler = async () => {
  synthetics.getConfiguration()
    .withVisualCompareWithBaseRun(true)
    .withVisualVarianceThresholdPercentage(threshold)
    .withFailCanaryRunOnVisualVariance(true);
  const browser = await synthetics.launch();
  const page = await synthetics.newPage(browser);
  await synthetics.executeStep('open', async () => {
    const response = await page.goto(url, { waitUntil: 'networkidle', timeout: 30000 });
    if (!response || response.status() >= 400) throw new Error(`${url} answered ${response ? response.status() : 'nothing'}`);
  });
  await synthetics.close();
};
