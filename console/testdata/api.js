const synthetics = require('Synthetics');

exports.handler = async () => {
  synthetics.getConfiguration().setConfig({ includeRequestHeaders: true, includeResponseHeaders: true, includeRequestBody: true, includeResponseBody: true });
  const { hostname, port } = new URL(process.env.SITE);
  const ok = async (answer) => {
    if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
  };
  const request = (path) => ({ hostname, port, path, protocol: 'http:', method: 'GET', headers: { accept: 'application/json' } });
  await synthetics.executeHttpStep('list items', request('/items'), ok);
  await synthetics.executeHttpStep('missing', request('/missing'), ok);
};
