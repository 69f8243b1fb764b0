// What a Firefox in the box is told: the proxy that is its only way out, and
// nothing of its own to do on the network.
import fs from 'node:fs';
import path from 'node:path';

/** The user agent of the Firefox at the given path, with text appended. Undefined when its version is unknown. */
export function firefoxUserAgent(program, text) {
  try {
    const dir = path.dirname(fs.realpathSync(program));
    const major = /^Version=(\d+)/m.exec(fs.readFileSync(path.join(dir, 'application.ini'), 'utf8'))?.[1];
    const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
    return major && `Mozilla/5.0 (X11; Linux ${machine}; rv:${major}.0) Gecko/20100101 Firefox/${major}.0 ${text}`;
  } catch {
    return undefined;
  }
}

/** Preferences (about:config). port is that of the forwarder, undefined without a proxy. */
export function firefoxPreferences({ port, userAgent }) {
  const out = {
    'app.normandy.enabled': false,
    'app.update.disabledForTesting': true,
    'browser.chrome.site_icons': false, // a headless Chromium asks for none either
    'browser.contentblocking.category': 'standard',
    'browser.safebrowsing.downloads.remote.enabled': false,
    'browser.safebrowsing.provider.google4.updateURL': '',
    'browser.search.update': false,
    'browser.tabs.firefox-view': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'dom.ipc.processCount': 1,
    'dom.ipc.processPrelaunch.enabled': false,
    'extensions.blocklist.enabled': false,
    'extensions.systemAddon.update.enabled': false,
    'fission.webContentIsolationStrategy': 0,
    'media.gmp-manager.updateEnabled': false,
    'messaging-system.rsexperimentloader.enabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'network.dns.disablePrefetch': true,
    'network.prefetch-next': false,
    'network.trr.mode': 5,
    'nimbus.rollouts.enabled': false,
    'services.settings.server': 'data:,',
    'toolkit.telemetry.enabled': false,
    'toolkit.telemetry.server': 'data:,',
  };
  if (userAgent) out['general.useragent.override'] = userAgent;
  if (port) Object.assign(out, proxyPreferences(port));
  return out;
}

/** Everything goes through the proxy, names of this machine too, and names are not resolved before. */
function proxyPreferences(port) {
  return {
    'network.proxy.type': 1,
    'network.proxy.http': '127.0.0.1',
    'network.proxy.http_port': port,
    'network.proxy.ssl': '127.0.0.1',
    'network.proxy.ssl_port': port,
    'network.proxy.share_proxy_settings': true,
    'network.proxy.no_proxies_on': '',
    'network.proxy.allow_hijacking_localhost': true,
    'network.proxy.failover_direct': false,
    'network.http.http3.enable': false,
    'media.peerconnection.enabled': false,
  };
}
