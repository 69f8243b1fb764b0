import http.client
import json
import urllib.parse

from aws_synthetics.common import synthetics_logger as logger
from aws_synthetics.selenium import synthetics_webdriver as syn_webdriver


def verify_request(method, url, post_data=None, headers={}):
    target = urllib.parse.urlparse(url)
    headers = {"User-Agent": str(syn_webdriver.get_canary_user_agent_string()), **headers}
    logger.info("%s %s with %s and %s", method, url, post_data, headers)
    kind = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
    connection = kind(target.hostname, target.port)
    connection.request(method, url, post_data, headers)
    response = connection.getresponse()
    body = response.read().decode()
    logger.info("%s %s: %s", response.status, response.reason, response.headers)
    connection.close()
    if not 200 <= response.status <= 299:
        raise Exception(f"{method} {url} answered {response.status} {response.reason}")
    return body


def handler(event, context):
    items = json.loads(verify_request("GET", "{{SITE}}/api/items"))
    assert [item["name"] for item in items] == ["table", "chair"], items
    body = json.dumps({"name": "lamp"})
    assert verify_request("POST", "{{SITE}}/api/items", body, {"Content-Type": "application/json"}) == body
    logger.info("the API works")
