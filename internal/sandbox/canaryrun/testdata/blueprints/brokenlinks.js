const { URL } = require('url');
const synthetics = require('Synthetics');
const log = require('SyntheticsLogger');
const BrokenLinkCheckerReport = require('BrokenLinkCheckerReport');
const SyntheticsLink = require('SyntheticsLink');
const syntheticsLogHelper = require('SyntheticsLogHelper');
const syntheticsConfiguration = synthetics.getConfiguration();

const limit = 5;
const report = new BrokenLinkCheckerReport();

const linksOf = async (page, from) => {
  const found = await page.$$eval('a', (anchors) => anchors.map((a) => ({ text: a.textContent.trim(), href: a.href })));
  return found.filter(({ href }) => /^https?:/.test(href)).map(({ text, href }) =>
    new SyntheticsLink(href).withUrl(href).withText(text).withParentUrl(from));
};

const visit = async (page, link, number) => {
  const url = link.getUrl();
  const step = `Link_${number}`;
  await synthetics.executeStep(step, async () => {
    let response;
    try {
      response = await page.goto(url, { waitUntil: ['load', 'networkidle0'], timeout: 30000 });
    } catch (ex) {
      log.error('Cannot open ' + syntheticsLogHelper.getSanitizedUrl(url), ex);
      link.withFailureReason(ex);
    }
    if (response) {
      link.withStatusCode(response.status()).withStatusText(response.statusText());
      if (response.status() >= 400) link.withFailureReason(`Status ${response.status()}`);
    }
    link.addScreenshotResult(await synthetics.takeScreenshot(step, 'loaded'));
    report.addLink(link);
  });
};

const flow = async () => {
  syntheticsConfiguration.disableStepScreenshots();
  syntheticsConfiguration.setConfig({ continueOnStepFailure: true, restrictedUrlParameters: ['session'] });
  const page = await synthetics.getPage();
  const home = '{{SITE}}/links';
  await page.goto(home, { waitUntil: 'load' });
  const seen = new Set();
  const links = (await linksOf(page, home)).filter((l) => !seen.has(l.getUrl()) && seen.add(new URL(l.getUrl()).href));
  let number = 0;
  for (const link of links.slice(0, limit)) await visit(page, link, ++number);
  try {
    await synthetics.addReport(report);
  } catch (ex) {
    synthetics.addExecutionError('Unable to add the report.', ex);
  }
  log.info('Links checked: ' + report.getTotalLinksChecked());
  if (report.getTotalBrokenLinks() > 0) throw report.getTotalBrokenLinks() + ' broken link(s) detected.';
};

exports.handler = async () => {
  return await flow();
};
