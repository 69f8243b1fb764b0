const { synthetics } = require('@aws/synthetics-playwright');

const urls = "{{urls}}";

/** Opens one page as a step of its own. */
async function open(page, url) {
  await synthetics.executeStep(new URL(url).host, async () => {
    const response = await page.goto(url, { waitUntil: 'domcontentloaded', timeout: 30000 });
    if (!response || response.status() >= 400) {
      throw new Error(`${url} answered ${response ? response.status() : 'nothing'}`);
    }
    console.log(`${url} answered ${response.status()}`);
  });
}

exports.handler = async () => {
  const browser = await synthetics.launch();
  try {
    const page = await synthetics.newPage(browser);
    for (const url of urls) await open(page, url);
  } finally {
    await synthetics.close();
  }
};
