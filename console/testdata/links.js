const synthetics = require('Synthetics');
const BrokenLinkCheckerReport = require('BrokenLinkCheckerReport');
const SyntheticsLink = require('SyntheticsLink');

exports.handler = async () => {
  const page = await synthetics.getPage();
  const report = new BrokenLinkCheckerReport();
  for (const path of ['/cart', '/missing']) {
    const answer = await page.goto(process.env.SITE + path);
    const link = new SyntheticsLink(process.env.SITE + path).withParentUrl(process.env.SITE + '/').withText(path);
    link.withStatusCode(String(answer.status())).withStatusText(answer.statusText());
    link.addScreenshotResult(await synthetics.takeScreenshot('link', path.slice(1)));
    report.addLink(link, answer.status() >= 400);
  }
  await synthetics.addReport(report);
};
