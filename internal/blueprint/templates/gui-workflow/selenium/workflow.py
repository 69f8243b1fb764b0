import os

from aws_synthetics.selenium import synthetics_webdriver as webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.ui import WebDriverWait

URL = "{{url}}"
USER = "{{userSelector}}"
PASSWORD = "{{passwordSelector}}"
SUBMIT = "{{submitSelector}}"
EXPECTED = "{{text}}"


def fill_in(browser):
    field = expected_conditions.presence_of_element_located((By.CSS_SELECTOR, USER))
    WebDriverWait(browser, 10).until(field).send_keys(os.environ.get("SITE_USER", ""))
    browser.find_element(By.CSS_SELECTOR, PASSWORD).send_keys(os.environ.get("SITE_PASSWORD", ""))


def verify(browser):
    said = expected_conditions.text_to_be_present_in_element((By.TAG_NAME, "body"), EXPECTED)
    WebDriverWait(browser, 10).until(said)


def handler(event, context):
    browser = webdriver.Chrome()
    webdriver.execute_step("open", lambda: browser.get(URL))
    webdriver.execute_step("fill in", lambda: fill_in(browser))
    webdriver.execute_step("submit", lambda: browser.find_element(By.CSS_SELECTOR, SUBMIT).click())
    webdriver.execute_step("verify", lambda: verify(browser))
