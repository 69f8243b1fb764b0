const { synthetics } = require('@aws/synthetics-core');

const target = new URL("{{url}}");
const method = "{{method}}";
const body = "{{body}}";
const status = "{{status}}";

/** Rejects an answer that is not the one expected. */
function judge(response) {
  return new Promise((resolve, reject) => {
    if (response.statusCode !== status) {
      reject(new Error(`${method} ${target.pathname} answered ${response.statusCode}, not ${status}`));
      return;
    }
    response.on('data', () => {});
    response.on('end', resolve);
    response.on('error', reject);
  });
}

exports.handler = async () => {
  synthetics.getConfiguration().setConfig({
    includeRequestHeaders: true,
    includeResponseHeaders: true,
    restrictedHeaders: ['authorization', 'cookie', 'set-cookie'],
    continueOnHttpStepFailure: false,
  });
  await synthetics.executeHttpStep(`${method} ${target.host}`, {
    protocol: target.protocol,
    hostname: target.hostname,
    port: target.port,
    path: target.pathname + target.search,
    method,
    body,
    headers: { 'User-Agent': synthetics.getCanaryUserAgentString() },
  }, judge);
};
