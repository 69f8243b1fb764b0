const synthetics = require('@aws/synthetics-puppeteer');

const url = "{{url}}";
const threshold = "{{threshold}}";

exports.handler = async () => {
  synthetics.getConfiguration()
    .withVisualCompareWithBaseRun(true)
    .withVisualVarianceThresholdPercentage(threshold)
    .withFailCanaryRunOnVisualVariance(true);
  const page = await synthetics.getPage();
  await synthetics.executeStep('open', async () => {
    const response = await page.goto(url, { waitUntil: ['load', 'networkidle0'], timeout: 30000 });
    if (!response || response.status() >= 400) throw new Error(`${url} answered ${response ? response.status() : 'nothing'}`);
  });
};
