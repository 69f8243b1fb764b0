"""Browsers of a run, however a script starts them.

webdriver.Chrome of Selenium and Chrome of the library both end in Selenium's
ChromiumDriver. It is changed when it is imported: the browser that is started
is the one of the machine, isolated as the run is, on its way out through the
proxy; the driver is found without looking for one to download; what the pages
request is recorded.
"""
import os
import platform
import subprocess
import time

from . import egress, tracing
from .after import after_import
from .har import Recorder
from .logs import log

VIEWPORT = (1920, 1080)

# What a script may not choose: what isolates the run, what hides the browser
# from its driver, and a directory of the browser's own, with which the
# headless shell opens no page.
_REFUSED = (
    "--no-sandbox", "--disable-setuid-sandbox", "--single-process", "--no-zygote", "--proxy-server", "--proxy-pac-url",
    "--proxy-auto-detect", "--no-proxy-server", "--proxy-bypass-list", "--host-resolver-rules", "--user-data-dir",
    "--remote-debugging-port", "--remote-debugging-pipe", "--remote-debugging-address", "--headless", "--crash-dumps-dir",
    "--homedir", "--data-path", "--disk-cache-dir",
)
_FIXED = (
    "--headless", "--disable-breakpad", "--disable-crash-reporter", "--disable-gpu", "--disable-audio-output", "--no-pings",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--hide-scrollbars",
)


def install(session, proxy_port):
    """Changes Selenium for this run, when it is imported."""
    os.environ.update({"SE_OFFLINE": "true", "SE_AVOID_STATS": "true"})
    if session.setup["driver"]:
        os.environ["SE_CHROMEDRIVER"] = session.setup["driver"]
    after_import("selenium.webdriver.common.service", _change_service)
    after_import("selenium.webdriver.chromium.webdriver", lambda module: _change_driver(module, session, proxy_port))


def _change_service(module):
    """A driver is there as soon as it listens, and ends at once: Selenium waits for half a second each time."""
    service = module.Service

    def start(self):
        egress.own_ports.add(self.port)
        self._start_process(self.path)
        deadline, pause = time.monotonic() + 30, 0.005
        while True:
            self.assert_process_still_running()
            if self.is_connectable():
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"The driver {self.path} does not listen")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.1)

    def stop(self):
        process = getattr(self, "process", None)
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    service.start, service.stop = start, stop


def _change_driver(module, session, proxy_port):
    import inspect

    driver = module.ChromiumDriver
    start, quit_browser, close, get_log = driver.__init__, driver.quit, driver.close, driver.get_log
    signature = inspect.signature(start)

    def __init__(self, *args, **kwargs):
        _check(session)
        call = signature.bind(self, *args, **kwargs)
        options = call.arguments.get("options") or _options()
        call.arguments["options"] = prepare(session, options, proxy_port)
        service = call.arguments.get("service")
        if service is not None:
            _prepare_service(session, service)
        with session.launching:
            start(*call.args, **call.kwargs)
            _started(session, self)

    def quit_(self):
        collect(session, self)
        self._nephele_ended = True
        quit_browser(self)

    def close_(self):
        collect(session, self)
        close(self)

    def log_of(self, log_type):
        lines = get_log(self, log_type)
        if log_type == "performance":
            session.recorder.take(lines)
        return lines

    driver.__init__, driver.quit, driver.close, driver.get_log = __init__, quit_, close_, log_of


def _check(session):
    """Says what is missing before the driver does."""
    if not session.setup["browser"]:
        raise RuntimeError("No browser is installed on the machine that runs this canary")
    if not session.setup["driver"]:
        raise RuntimeError(f"Selenium has no driver on the machine that runs this canary: {session.setup['driverMissing']}")


def _options():
    from selenium.webdriver.chrome.options import Options
    return Options()


def prepare(session, options, proxy_port):
    """The script's options with those of the run."""
    setup = session.setup
    kept = [a for a in options.arguments if not _is_refused(session, a)]
    if not any(a.startswith("--window-size") for a in kept):
        kept.append(f"--window-size={VIEWPORT[0]},{VIEWPORT[1]}")
    own = list(_FIXED) + [f"--user-agent={user_agent(session, kept)}"]
    kept = [a for a in kept if not a.startswith("--user-agent=")]
    if proxy_port:
        own += [f"--proxy-server=http://127.0.0.1:{proxy_port}", "--proxy-bypass-list=<-loopback>"]
    if not setup["browserSandbox"]:
        own.append("--no-sandbox")
    options._arguments = kept + [a for a in own if a not in kept]
    options.binary_location = setup["browser"]
    options.set_capability("goog:loggingPrefs", {**(options.capabilities.get("goog:loggingPrefs") or {}), "performance": "ALL"})
    options.add_experimental_option("excludeSwitches", [
        *options.experimental_options.get("excludeSwitches", []), "enable-logging",
    ])
    return options


def _is_refused(session, argument):
    name = argument.split("=", 1)[0]
    if name not in _REFUSED:
        return False
    if name.startswith("--proxy"):
        log.warning("The browser's option %s is not used: the run has a way out of its own", argument)
    return True


def user_agent(session, arguments=()):
    """The browser's own, or the one that the script's options set, with what names the canary."""
    given = next((a.split("=", 1)[1] for a in reversed(arguments) if a.startswith("--user-agent=")), None)
    version = session.setup["browserVersion"] or "0.0.0.0"
    if not session.setup["headlessShell"]:  # a whole Chromium tells its major version alone
        version = version.split(".")[0] + ".0.0.0"
    own = (
        f"Mozilla/5.0 (X11; Linux {platform.machine()}) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"HeadlessChrome/{version} Safari/537.36"
    )
    return f"{given or own} {session.user_agent}"


def _prepare_service(session, service):
    """Where the driver is, and what it and its browser may see of the environment: no credentials."""
    if getattr(service, "path", None) in (None, "", "chromedriver"):
        service.path = session.setup["driver"]
    if getattr(service, "env", None) in (None, os.environ):
        home = session.setup["home"]
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ", "NEPHELE_BOX") if name in os.environ}
        service.env = {**kept, "HOME": home, "TMPDIR": home}


def _started(session, driver):
    if session.recorder is None:
        session.recorder = Recorder(session.configuration)
    session.recorder.browser = {
        "name": driver.capabilities.get("browserName", ""), "version": driver.capabilities.get("browserVersion", ""),
    }
    session.browsers.append(driver)
    tracing.follow(session, driver)
    if not session.setup["headlessShell"]:
        set_viewport_size(driver, *VIEWPORT)


def set_viewport_size(driver, width, height):
    """Makes the page, without the window around it, width x height pixels."""
    frame = driver.execute_script("return [outerWidth - innerWidth, outerHeight - innerHeight]")
    driver.set_window_size(width + max(0, frame[0]), height + max(0, frame[1]))


def collect(session, driver):
    """Takes what the driver has recorded, when it still runs."""
    if getattr(driver, "_nephele_ended", False) or not driver.session_id:
        return
    try:
        driver.get_log("performance")
    except Exception as err:  # noqa: BLE001: a browser that crashed has no log
        log.debug("The requests of the browser could not be read: %s", err)


def end(session):
    """Takes the last of the log of every browser and kills their drivers: the box dies with what is left."""
    for driver in session.browsers:
        collect(session, driver)
        process = getattr(getattr(driver, "service", None), "process", None)
        if process is not None and process.poll() is None:
            process.kill()
