"""What scripts use in place of selenium.webdriver.

from aws_synthetics.selenium import synthetics_webdriver as webdriver
"""
import functools as _functools
import os as _os

from _nephele import browser as _browser
from _nephele import session as _sessions
from _nephele.logs import log as _log

_run = _sessions.current


# Selenium is imported by the first script that needs it: that takes longer
# than everything else in a run that watches an API.
@_functools.cache
def _browser_class():
    from selenium.webdriver.chrome.webdriver import WebDriver

    class SyntheticsBrowser(WebDriver):
        """A WebDriver for Chromium that names its pictures as the run's artifacts are named."""

        def set_viewport_size(self, width, height):
            """Sets the size of the page in pixels."""
            _browser.set_viewport_size(self, width, height)

        def save_screenshot(self, filename, suffix=None):
            """Saves a picture of the page among the artifacts, as NN-filename-suffix.png."""
            stem, ending = _os.path.splitext(_os.path.basename(str(filename)))
            name = stem if ending.lower() == ".png" else _os.path.basename(str(filename))
            return "error" not in _run.picture(self, name, suffix)

    return SyntheticsBrowser


def Chrome(options=None, chrome_options=None, **kwargs):
    """Starts a Chromium and returns its SyntheticsBrowser."""
    import inspect

    kind = _browser_class()
    options = options or chrome_options
    if options is not None:
        kwargs["options"] = options
    known = inspect.signature(kind.__init__).parameters
    return kind(**{name: value for name, value in kwargs.items() if name in known})


def execute_step(step_name, function_to_execute, *args, **kwargs):
    """Runs a function as a step and returns what it returns. The call can be awaited."""
    return _run.execute_step(step_name, function_to_execute, *args, **kwargs)


def add_execution_error(errorMessage, ex=None):
    """Fails the run without failing the check and without ending the script."""
    _run.add_execution_error(errorMessage, ex)


def add_user_agent(user_agent_str):
    """Adds to the user agent of browsers that are started from now on."""
    _run.user_agent = f"{_run.user_agent} {user_agent_str}"


def get_http_response(url):
    """Requests url and returns the status code; the string "error" when there is no answer."""
    from urllib import error, request
    try:
        asked = request.Request(url, headers={"User-Agent": get_canary_user_agent_string()})
        with request.urlopen(asked, timeout=60) as response:
            return response.status
    except error.HTTPError as err:
        return err.code
    except Exception as err:  # noqa: BLE001: the guide has a value for it
        _log.error("No response from %s: %s", url, err)
        return "error"


def get_canary_user_agent_string():
    """What names the canary in the user agent of its requests."""
    return _run.user_agent


def get_canary_name():
    return _run.event["canaryName"]


def get_canary_arn():
    return _run.setup["canaryArn"]


def get_runtime_version():
    return _run.setup["runtimeVersion"]


def __getattr__(name):
    """What the library does not have is Selenium's: ChromeOptions, ActionChains, Keys."""
    if name == "SyntheticsBrowser":
        return _browser_class()
    if name.startswith("__"):  # asked by the import machinery
        raise AttributeError(name)
    from selenium import webdriver

    return getattr(webdriver, name)
