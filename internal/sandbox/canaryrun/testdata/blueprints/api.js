const synthetics = require('Synthetics');
const log = require('SyntheticsLogger');

const flow = async function () {
  synthetics.getConfiguration().setConfig({
    restrictedHeaders: ['authorization'],
    restrictedUrlParameters: [],
    includeRequestHeaders: true,
    includeResponseHeaders: true,
    includeRequestBody: true,
    includeResponseBody: true,
  });

  const validate = async function (res) {
    return new Promise((resolve, reject) => {
      if (res.statusCode < 200 || res.statusCode > 299) {
        throw res.statusCode + ' ' + res.statusMessage;
      }
      let body = '';
      res.on('data', (part) => {
        body += part;
      });
      res.on('end', () => {
        const items = JSON.parse(body);
        if (items.length !== 2) reject(new Error('Wrong number of items: ' + items.length));
        resolve();
      });
    });
  };

  const options = {
    hostname: '{{HOST}}',
    method: 'GET',
    path: '/api/items?page=1',
    port: '{{PORT}}',
    protocol: 'http:',
    headers: { Accept: 'application/json', Authorization: 'Bearer secret' },
  };
  options.headers['User-Agent'] = [synthetics.getCanaryUserAgentString(), options.headers['User-Agent']].join(' ');
  await synthetics.executeHttpStep('List the items', options, validate, { continueOnHttpStepFailure: false });

  const post = { ...options, method: 'POST', path: '/api/items', body: '{"name":"lamp"}' };
  await synthetics.executeHttpStep('Add an item', post, async (res) => {
    if (res.statusCode !== 201) throw new Error('Status ' + res.statusCode);
  });
  await synthetics.executeHttpStep('Any answer of success', '{{SITE}}/api/items');
  log.info('All requests are done');
};

exports.handler = async () => {
  return await flow();
};
