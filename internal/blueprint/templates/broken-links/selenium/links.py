import urllib.error
import urllib.request

from aws_synthetics.common import synthetics_logger as logger
from aws_synthetics.selenium import synthetics_webdriver as webdriver
from selenium.webdriver.common.by import By

START = "{{url}}"
LIMIT = "{{limit}}"


def links_of(browser):
    found = [a.get_attribute("href") for a in browser.find_elements(By.CSS_SELECTOR, "a[href]")]
    cut = [link.split("#")[0] for link in found if link and link.startswith("http")]
    return list(dict.fromkeys(cut))


def status_of(url):
    try:
        with urllib.request.urlopen(url, timeout=15) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def check(url, broken):
    try:
        status = status_of(url)
    except OSError as failure:
        broken.append(f"{url}: {failure}")
        return
    logger.info(f"{url} answered {status}")
    if status >= 400:
        broken.append(f"{url}: {status}")


def handler(event, context):
    browser = webdriver.Chrome()
    browser.get(START)
    broken = []
    for url in links_of(browser)[: LIMIT - 1]:
        check(url, broken)
    browser.save_screenshot("links.png")
    if broken:
        raise Exception(f"{len(broken)} broken links found: " + "; ".join(broken))
