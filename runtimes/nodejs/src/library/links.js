// SyntheticsLink and BrokenLinkCheckerReport.
export class SyntheticsLink {
  constructor(url) {
    this.url = url;
    this.screenshots = [];
  }

  withUrl(url) { this.url = url; return this; }
  withText(text) { this.text = text; return this; }
  withParentUrl(parentUrl) { this.parentUrl = parentUrl; return this; }
  withStatusCode(statusCode) { this.statusCode = statusCode; return this; }
  withStatusText(statusText) { this.statusText = statusText; return this; }
  withFailureReason(failureReason) { this.failureReason = failureReason; return this; }

  addScreenshotResult(screenshot) {
    this.screenshots.push(screenshot);
  }
}

export class BrokenLinkCheckerReport {
  constructor() {
    this.links = {};
    this.totalBrokenLinks = 0;
    this.totalLinksChecked = 0;
  }

  addLink(link, isBroken) {
    if (!link) return;
    const status = Number(link.statusCode);
    const broken = isBroken ?? (!link.statusCode || status >= 400);
    this.links[link.url] = Object.assign(link, { isBroken: broken });
    this.totalLinksChecked++;
    if (broken) this.totalBrokenLinks++;
  }

  getLinks() { return this.links; }
  getTotalBrokenLinks() { return this.totalBrokenLinks; }
  getTotalLinksChecked() { return this.totalLinksChecked; }
}
