// Three steps, the last of which fails, and a screenshot outside of them. Names
// and messages try to be HTML.
const synthetics = require('Synthetics');
const log = require('SyntheticsLogger');
const fs = require('fs');

exports.handler = async () => {
  await fetch(process.env.GATE);
  const page = await synthetics.getPage();
  await page.setViewport({ width: 1280, height: 800 });
  await synthetics.executeStep('open', async () => {
    await page.goto(process.env.SITE + '/', { waitUntil: 'load' });
  });
  await synthetics.takeScreenshot('shop', 'whole');
  log.warn('The cart is <b>slow</b> today');
  fs.writeFileSync('/tmp/page.html', '<script>document.title = "taken over"</script>');
  fs.writeFileSync('/tmp/fake.png', '<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=1"/>');
  await synthetics.executeStep('cart', async () => {
    await page.goto(process.env.SITE + '/cart', { waitUntil: 'load' });
  });
  await synthetics.executeStep('pay', async () => {
    throw new Error('no <img src=x onerror="document.title=1"> button');
  });
};
