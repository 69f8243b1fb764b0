from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.ui import Select, WebDriverWait

from aws_synthetics.selenium import synthetics_webdriver as webdriver


async def main():
    browser = webdriver.Chrome()

    def sign_in():
        browser.get("{{SITE}}/login")
        browser.find_element(By.ID, "user").send_keys("ada")
        browser.find_element(By.ID, "password").send_keys("secret")
        Select(browser.find_element(By.ID, "language")).select_by_value("en")

    await webdriver.execute_step("fill in", sign_in)

    def submit():
        browser.find_element(By.ID, "send").click()
        there = expected_conditions.presence_of_element_located((By.CSS_SELECTOR, ".welcome"))
        return WebDriverWait(browser, 10).until(there).text

    greeting = await webdriver.execute_step("submit", submit)
    assert greeting == "Hello ada", greeting

    def redirect():
        browser.get("{{SITE}}/moved")
        assert browser.title == "Home", browser.title

    await webdriver.execute_step("go home", redirect)


async def handler(event, context):
    return await main()
