"""The run that is going on: its steps, its pictures, its errors. A process has one."""
import collections.abc
import json
import os
import sys
import traceback
from inspect import iscoroutine

from . import clock, logs, redact
from .configuration import SyntheticsConfiguration
from .logs import log


class Session:
    def __init__(self, setup):
        self.setup = setup
        self.event = setup["event"]
        self.configuration = SyntheticsConfiguration()
        self.user_agent = f"CloudWatchSynthetics/{setup['canaryArn']}"
        self.steps = []
        self.loose_screenshots = []
        self.execution_errors = []
        self.launching = clock.Stopwatch()
        self.picturing = clock.Stopwatch()
        self.browsers = []  # every driver of the run, the newest last
        self.recorder = None  # of har.py, with the first browser
        self.trace = ""  # of active tracing
        self._pictures = 0

    def flag(self, name):
        return self.configuration.flag(name)

    def browser(self):
        """The newest browser that has not been closed; None without one."""
        return next((b for b in reversed(self.browsers) if b.session_id and not getattr(b, "_nephele_ended", False)), None)

    def tell(self, event, **more):
        """Tells those who watch the run what happens (canaryrun.Progress)."""
        if self.setup.get("progress"):
            logs.write("\x1enephele " + json.dumps({"event": event, **more}))

    def add_execution_error(self, message, exception=None):
        """Notes an error that fails the run and not the check."""
        text = str(message)
        if exception is not None:
            text += " " + (redact.error(self.configuration, exception) if isinstance(exception, BaseException) else str(exception))
        text = redact.text(self.configuration, text)
        log.error("%s", text)
        self.execution_errors.append(text)

    # Steps.

    def execute_step(self, name, function, *args, **kwargs):
        """Runs function as a step: logged, timed, pictured and reported.

        The guide awaits the step of a function that is none of asyncio's, and
        older scripts do not await at all. So a plain function is called at
        once, and what comes back can be awaited where a loop runs. The step of
        an async function takes place when it is awaited, or here and now where
        no loop runs.
        """
        if not callable(function):
            raise TypeError(f"Step {name}: the second argument must be a function")
        looping = _running_loop()
        if _is_async(function):
            steps = self._async_step(name, function, args, kwargs)
            if looping:
                return steps
            import asyncio
            return asyncio.run(steps)
        step = _Step(self, name)
        step.begin()
        try:
            value = function(*args, **kwargs)
        except BaseException as err:  # noqa: B902: a step that ends the process has failed too
            if not step.fail(err):
                raise
            return Done(None) if looping else None
        if iscoroutine(value):  # a plain function that returns a coroutine
            rest = self._await_step(step, value)
            if looping:
                return rest
            import asyncio
            return asyncio.run(rest)
        step.succeed()
        return Done(value) if looping else value

    async def _async_step(self, name, function, args, kwargs):
        step = _Step(self, name)
        step.begin()
        return await self._await_step(step, function(*args, **kwargs))

    @staticmethod
    async def _await_step(step, coroutine):
        try:
            value = await coroutine
        except BaseException as err:  # noqa: B902
            if not step.fail(err):
                raise
            return None
        step.succeed()
        return value

    # Pictures.

    def picture(self, browser, *name, step=None):
        """Makes a numbered picture of the page. One that cannot be made is noted, and fails nothing."""
        with self.picturing:
            self._pictures += 1
            shot = {"fileName": file_name(self._pictures, *name), "pageUrl": ""}
            try:
                shot["pageUrl"] = self._look(browser)
                with open(os.path.join(self.setup["out"], shot["fileName"]), "xb") as file:
                    file.write(browser.get_screenshot_as_png())
                self.tell("screenshot", file=shot["fileName"])
            except Exception as err:  # noqa: BLE001
                shot["error"] = redact.error(self.configuration, err)
                log.warning("Screenshot %s failed: %s", shot["fileName"], shot["error"])
            step = step or next((s.record for s in reversed(_Step.open)), None)
            (step["screenshots"] if step else self.loose_screenshots).append(shot)
            return shot

    def page_url(self):
        """The address that the newest browser shows; empty without one, and while a dialogue is open."""
        browser = self.browser()
        try:
            return self._look(browser) if browser else ""
        except Exception:  # noqa: BLE001: the page may be gone
            return ""

    def _look(self, browser):
        """The page's address. Almost every other command answers an open dialogue; that is the script's to do."""
        from selenium.common.exceptions import NoAlertPresentException

        try:
            text = browser.switch_to.alert.text
        except NoAlertPresentException:
            return redact.url(self.configuration, browser.current_url)
        raise Dialogue(f"a dialogue is open: {text}")


class Dialogue(Exception):
    """The page cannot be looked at."""


class _Step:
    """One step on its way."""

    open = []  # the steps that have begun and not ended, the innermost last

    def __init__(self, session, name):
        self.session, self.name = session, str(name)

    def begin(self):
        s, now = self.session, clock.now()
        self.success, self.duration = s.flag("step_success_metric"), s.flag("step_duration_metric")
        self.record = {
            "stepNum": len(s.steps) + 1, "stepName": self.name, "startTime": now, "endTime": now, "status": "FAILED",
            "failureReason": "", "metricsPublished": self.success or self.duration, "screenshots": [],
            "sourceUrl": s.page_url(), "destinationUrl": "",
        }
        s.steps.append(self)
        self.reported = s.flag("steps_report")
        log.info("Step started: %s", self.name)
        s.tell("step-started", step=self.name, num=self.record["stepNum"])
        self._picture("screenshot_on_step_start", "starting")
        self.record["startTime"] = clock.now()
        self.watch = clock.Stopwatch()
        self.watch.__enter__()
        self.pictured = s.picturing.ms
        _Step.open.append(self)

    def succeed(self):
        self._stop("PASSED")
        log.info("Step succeeded: %s", self.name)
        self._picture("screenshot_on_step_success", "succeeded")
        self._tell_end()

    def fail(self, err):
        """Notes the failure. True when the script goes on."""
        self._stop("FAILED")
        self.record["failureReason"] = redact.error(self.session.configuration, err)
        log.error("Step failed: %s: %s", self.name, self.record["failureReason"])
        self._picture("screenshot_on_step_failure", "failed")
        self._tell_end()
        return isinstance(err, Exception) and self.session.flag("continue_on_step_failure")

    def _stop(self, status):
        self.watch.__exit__()
        if self in _Step.open:
            _Step.open.remove(self)
        self.record["endTime"], self.record["status"] = clock.now(), status
        self.ms = max(0.0, self.watch.ms - (self.session.picturing.ms - self.pictured))

    def _picture(self, flag, suffix):
        s = self.session
        browser = s.browser()
        if browser is not None and s.flag(flag):
            s.picture(browser, self.name, suffix, step=self.record)

    def _tell_end(self):
        self.record["destinationUrl"] = self.session.page_url()
        passed = self.record["status"] == "PASSED"
        more = {} if passed else {"error": self.record["failureReason"]}
        self.session.tell("step-ended", step=self.name, num=self.record["stepNum"], ms=round(self.ms, 3), **{"pass": passed}, **more)


class Done(collections.abc.Coroutine):
    """What is there already, for those who await it."""

    def __init__(self, value):
        self._value = value

    def send(self, _):
        raise StopIteration(self._value)

    def throw(self, typ, val=None, tb=None):
        raise (typ() if isinstance(typ, type) and val is None else val or typ)

    def close(self):
        pass

    def __await__(self):
        return self._value
        yield


def file_name(number, *parts):
    """NN-step-suffix.png, in the characters and the length that a file may have."""
    stem = "-".join([f"{number:02d}", *(str(part) for part in parts if part)])
    safe = "".join("_" if c in '\\/:*?"<>|' or ord(c) < 32 or ord(c) == 127 else c for c in stem)
    return safe.encode("utf-8", "replace")[:240].decode("utf-8", "ignore") + ".png"


def _running_loop():
    events = sys.modules.get("asyncio.events")
    return events is not None and events._get_running_loop() is not None


def _is_async(function):
    from inspect import iscoroutinefunction
    return iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))


def trace(err, code):
    """The traceback of an exception from the script's first frame on: what called it is not its author's."""
    frames = traceback.extract_tb(err.__traceback__)
    first = next((i for i, frame in enumerate(frames) if frame.filename.startswith(code)), len(frames))
    lines = traceback.format_list(frames[first:]) + traceback.format_exception_only(type(err), err)
    return "".join(["Traceback (most recent call last):\n"] * (first < len(frames)) + lines).rstrip()


# The session of this process, set by the launcher.
current = None
