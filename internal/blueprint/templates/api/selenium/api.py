import http.client
from urllib.parse import urlsplit

from aws_synthetics.common import synthetics_logger as logger
from aws_synthetics.selenium import synthetics_webdriver as webdriver

TARGET = urlsplit("{{url}}")
METHOD = "{{method}}"
BODY = "{{body}}"
STATUS = "{{status}}"


def call():
    kind = http.client.HTTPSConnection if TARGET.scheme == "https" else http.client.HTTPConnection
    connection = kind(TARGET.hostname, TARGET.port, timeout=30)
    path = (TARGET.path or "/") + (f"?{TARGET.query}" if TARGET.query else "")
    try:
        connection.request(METHOD, path, BODY or None)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    logger.info(f"{METHOD} {path} answered {answer.status}")
    if answer.status != STATUS:
        raise Exception(f"{METHOD} {path} answered {answer.status}, not {STATUS}")


def handler(event, context):
    call()
