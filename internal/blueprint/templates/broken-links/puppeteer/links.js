const synthetics = require('@aws/synthetics-puppeteer');
const SyntheticsLink = require('@aws/synthetics-link');
const BrokenLinkCheckerReport = require('@aws/synthetics-broken-link-checker-report');

const start = "{{url}}";
const limit = "{{limit}}";

const report = new BrokenLinkCheckerReport();

/** The links of the page that is open. */
const linksOf = (page) => page.$$eval('a[href]', (anchors) => anchors
  .map((a) => ({ url: a.href.split('#')[0], text: a.textContent.trim() }))
  .filter((l) => /^https?:/.test(l.url)));

/** Opens a link and reports on it. */
async function check(page, { url, text, parent }) {
  const link = new SyntheticsLink(url).withText(text).withParentUrl(parent);
  let broken = true;
  try {
    const response = await page.goto(url, { waitUntil: 'domcontentloaded', timeout: 15000 });
    if (response) {
      link.withStatusCode(String(response.status())).withStatusText(response.statusText());
      broken = response.status() >= 400;
    }
    if (broken) link.withFailureReason(`answered ${response ? response.status() : 'nothing'}`);
  } catch (err) {
    link.withFailureReason(err.message);
  }
  if (broken) link.addScreenshotResult(await synthetics.takeScreenshot('broken-link', String(report.getTotalBrokenLinks() + 1), page));
  report.addLink(link, broken);
  return !broken;
}

exports.handler = async () => {
  const page = await synthetics.getPage();
  const queue = [{ url: start, text: '', parent: '' }];
  const seen = new Set([start]);
  while (queue.length > 0 && report.getTotalLinksChecked() < limit) {
    const next = queue.shift();
    const alive = await check(page, next);
    if (!alive || next.parent !== '') continue; // only the first page's links are followed
    for (const link of await linksOf(page)) {
      if (seen.has(link.url)) continue;
      seen.add(link.url);
      queue.push({ ...link, parent: next.url });
    }
  }
  await synthetics.addReport(report);
  if (report.getTotalBrokenLinks() > 0) throw new Error(`${report.getTotalBrokenLinks()} broken links found`);
};
