from urllib.parse import urldefrag

from selenium.webdriver.common.by import By

from aws_synthetics.common import synthetics_logger as logger
from aws_synthetics.selenium import synthetics_webdriver as webdriver

START = "{{SITE}}/links"
LIMIT = 10


def follow(browser, url):
    browser.get(url)
    status = webdriver.get_http_response(url)
    if status == "error" or status >= 400:
        raise Exception(f"{url} answered {status}")


def handler(event, context):
    browser = webdriver.Chrome()
    browser.get(START)
    links = [a.get_attribute("href") for a in browser.find_elements(By.TAG_NAME, "a")]
    pages = list(dict.fromkeys(urldefrag(link)[0] for link in links if link.startswith("http")))[:LIMIT]
    broken = []
    for number, url in enumerate(pages, 1):
        try:
            webdriver.execute_step(f"link {number}", follow, browser, url)
        except Exception as err:
            broken.append(str(err))
    logger.info("%d links followed, %d broken", len(pages), len(broken))
    if broken:
        raise Exception("; ".join(broken))
