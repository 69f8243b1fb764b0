import asyncio

from aws_synthetics.common import synthetics_configuration, synthetics_logger as logger
from aws_synthetics.selenium import synthetics_webdriver as syn_webdriver

PAGE = "{{SITE}}/"
WAIT_SECONDS = 10


async def heartbeat():
    synthetics_configuration.set_config({
        "screenshot_on_step_start": True,
        "screenshot_on_step_success": True,
        "screenshot_on_step_failure": True,
    })
    browser = syn_webdriver.Chrome()
    browser.set_viewport_size(1280, 720)
    browser.implicitly_wait(WAIT_SECONDS)

    def open_page():
        browser.get(PAGE)

    await syn_webdriver.execute_step("openPage", open_page)
    status = syn_webdriver.get_http_response(PAGE)
    logger.info("%s answered %s", PAGE, status)
    if not isinstance(status, int) or not 200 <= status <= 299:
        raise Exception(f"{PAGE} did not load")
    browser.save_screenshot("loaded.png")
    await asyncio.sleep(0)


async def handler(event, context):
    logger.info("heartbeat of %s", event["canaryName"])
    return await heartbeat()
