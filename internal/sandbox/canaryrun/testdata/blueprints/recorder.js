var synthetics = require('Synthetics');
const log = require('SyntheticsLogger');

const recordedScript = async function () {
  let page = await synthetics.getPage();

  const navigationPromise = page.waitForNavigation()

  await synthetics.executeStep('Goto_0', async function() {
    await page.goto("{{SITE}}/login", {waitUntil: 'domcontentloaded', timeout: 60000})
  })

  await page.setViewport({ width: 1280, height: 714 })

  await synthetics.executeStep('Click_1', async function() {
    await page.waitForSelector('form > #user')
    await page.click('form > #user')
  })

  await synthetics.executeStep('Type_2', async function() {
    await page.type('form > #user', "canary")
  })

  await synthetics.executeStep('Type_3', async function() {
    await page.type('form > #password', "secret")
  })

  await synthetics.executeStep('Select_4', async function() {
    await page.select('#language', "en")
  })

  await synthetics.executeStep('Click_5', async function() {
    await page.waitForSelector('form > #send')
    await page.click('form > #send')
  })

  await navigationPromise

  await synthetics.executeStep('Click_1', async function() {
    await page.waitForSelector('.welcome')
    await page.click('.welcome')
  })
};
exports.handler = async () => {
    return await recordedScript();
};
