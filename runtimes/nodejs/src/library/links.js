// SyntheticsLink and BrokenLinkCheckerReport.
import { messageOf } from './errors.js';

export class SyntheticsLink {
  linkNum = 0;

  constructor(url) {
    this.url = url;
    this.text = null;
    this.parentUrl = null;
    this.status = { statusCode: null, statusText: null };
    this.failureReason = null;
    this.screenshots = [];
  }

  withLinkNum(linkNum) { this.linkNum = linkNum; return this; }
  withUrl(url) { this.url = url; return this; }
  withText(text) { this.text = text; return this; }
  withParentUrl(parentUrl) { this.parentUrl = parentUrl; return this; }
  withStatusCode(statusCode) { this.status.statusCode = statusCode; return this; }
  withStatusText(statusText) { this.status.statusText = statusText; return this; }
  withScreenshotResult(screenshots) { this.screenshots = screenshots; return this; }

  /** The reason may be an error. */
  withFailureReason(failureReason) {
    this.failureReason = failureReason instanceof Error ? messageOf(failureReason) : failureReason;
    return this;
  }

  addScreenshotResult(screenshot) {
    if (screenshot) this.screenshots.push(screenshot);
  }

  getLinkNum() { return this.linkNum; }
  getUrl() { return this.url; }
  getText() { return this.text; }
  getParentUrl() { return this.parentUrl; }
  getStatusCode() { return this.status.statusCode; }
  getStatusText() { return this.status.statusText; }
  getFailureReason() { return this.failureReason; }
  getScreenshotResult() { return this.screenshots; }
}

export class BrokenLinkCheckerReport {
  constructor() {
    this.reset();
  }

  reset() {
    this.links = {};
    this.brokenLinks = [];
    this.totalLinksChecked = 0;
    this.totalBrokenLinks = 0;
  }

  /** Adds a link. Without isBroken it is broken when it has no status or one from 400 up. */
  addLink(link, isBroken) {
    if (!link) return;
    const status = Number(link.status?.statusCode);
    const broken = isBroken ?? !(status > 0 && status < 400);
    this.totalLinksChecked++;
    if (!link.linkNum) link.linkNum = this.totalLinksChecked;
    this.links[link.url] = link;
    if (!broken) return;
    this.brokenLinks.push(link.url);
    this.totalBrokenLinks++;
  }

  getLinks() { return this.links; }
  getTotalBrokenLinks() { return this.totalBrokenLinks; }
  getTotalLinksChecked() { return this.totalLinksChecked; }

  /**
   * The artifact: addresses as reports show them. hide is the log helper's
   * getSanitizedUrl, or anything like it.
   */
  _artifact(hide) {
    const clean = (url) => {
      try {
        return typeof url === 'string' ? hide(url) : url;
      } catch {
        return url;
      }
    };
    const links = Object.entries(this.links).map(([url, link]) => [clean(url), {
      ...link, url: clean(link.url), parentUrl: clean(link.parentUrl),
    }]);
    return { ...this, links: Object.fromEntries(links), brokenLinks: this.brokenLinks.map(clean) };
  }
}
