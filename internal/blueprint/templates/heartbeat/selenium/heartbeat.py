from urllib.parse import urlsplit

from aws_synthetics.common import synthetics_logger as logger
from aws_synthetics.selenium import synthetics_webdriver as webdriver

URLS = "{{urls}}"


def open_page(browser, url):
    browser.get(url)
    entry = browser.execute_script(
        "return performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0"
    )
    if entry == 0 or entry >= 400:
        raise Exception(f"{url} answered {entry or 'nothing'}")
    logger.info(f"{url} answered {entry}")


def handler(event, context):
    browser = webdriver.Chrome()
    browser.set_page_load_timeout(30)
    for url in URLS:
        webdriver.execute_step(urlsplit(url).netloc, lambda url=url: open_page(browser, url))
