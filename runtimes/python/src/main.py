"""The launcher: one process, one run.

It gets its orders in NEPHELE_RUN, loads the canary's script, calls its
function, and leaves the verdict in the output directory. Whoever started it
enforces the timeout.
"""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from _nephele import clock, egress  # noqa: E402

# Imported when the forwarder has been started, which is a copy of this process,
# and before the script, which may bring modules of the same names.
browser = logs = redact = report = script = session = tracing = waterfall = None


def orders():
    """Takes the orders out of the environment, which is the script's own."""
    setup = json.loads(os.environ["NEPHELE_RUN"])
    setup["home"] = os.environ["HOME"]
    for key, name in (
        ("code", "CODE"), ("out", "OUT"), ("proxy", "PROXY"), ("browser", "BROWSER"), ("driver", "DRIVER"),
        ("driverMissing", "DRIVER_MISSING"), ("browserVersion", "BROWSER_VERSION"),
    ):
        setup[key] = os.environ.get(f"NEPHELE_{name}", "")
    for name in [n for n in os.environ if n.startswith("NEPHELE_") and n != "NEPHELE_BOX"]:
        del os.environ[name]
    return setup


def main():
    run = {"startTime": clock.now()}
    setup = orders()
    sys.stdout.reconfigure(line_buffering=True, errors="replace")
    sys.stderr.reconfigure(line_buffering=True, errors="replace")
    port = egress.install(setup["proxy"]) if setup["proxy"] else None
    load_parts()
    logs.install(setup["event"]["canaryRunId"], setup["out"])
    session.current = session.Session(setup)
    browser.install(session.current, port)
    tracing.install(session.current)
    script.prepare_path(setup)
    logs.log.info("Start canary %s on %s", setup["event"]["canaryName"], setup["runtimeVersion"])
    failure = execute(session.current, run)
    finish(session.current, run, failure)


def load_parts():
    from importlib import import_module

    for name in ("browser", "logs", "redact", "report", "script", "session", "tracing", "waterfall"):
        globals()[name] = import_module(f"_nephele.{name}")


def execute(current, run):
    """Loads and calls the script's function. Returns what it raised, None when it returned."""
    setting_up, calling = clock.Stopwatch(), clock.Stopwatch()
    try:
        with setting_up:
            function = script.load_handler(current.setup)
    except BaseException as err:  # noqa: B902: whatever it is, it is the verdict
        run["setUpInMs"] = setting_up.ms
        run["failure"] = script.load_failure(err, current.setup)
        return err
    run["setUpInMs"], run["scriptStartTime"] = setting_up.ms, clock.now()
    try:
        with calling:
            call(function, current.setup)
        return None
    except BaseException as err:  # noqa: B902
        return err
    finally:
        run["scriptInMs"], run["scriptEndTime"] = calling.ms, clock.now()


def call(function, setup):
    from inspect import isawaitable

    value = function(setup["event"], Context(setup))
    if isawaitable(value):
        import asyncio

        async def wait():
            return await value

        asyncio.run(wait())


class Context:
    """The part of a Lambda context that means something here."""

    client_context = identity = None
    function_version = "1"

    def __init__(self, setup):
        import time

        self._now, self._deadline = time.monotonic, time.monotonic() + setup["timeoutInMs"] / 1000
        self.aws_request_id = setup["event"]["canaryRunId"]
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        self.invoked_function_arn = setup["canaryArn"]
        self.memory_limit_in_mb = str(setup["memoryInMB"])
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")

    def get_remaining_time_in_millis(self):
        return max(0, round((self._deadline - self._now()) * 1000))


def finish(current, run, failure):
    """Leaves the artifacts and the verdict, and ends the process whatever still runs in it."""
    if isinstance(failure, SystemExit):
        code = 0 if failure.code is None else failure.code if isinstance(failure.code, int) else 1
        run["failure"] = f"The canary script ended the process (exit code {code}) before its function returned"
    elif isinstance(failure, script.LoadError):
        run["failure"] = str(failure)
    elif failure is not None:
        run["failure"] = run.get("failure") or redact.error(current.configuration, failure)
    if failure is not None:
        logs.log.error("Canary failed: %s\n%s", run["failure"], redact.text(current.configuration, session.trace(failure, current.setup["code"])))
    else:
        logs.log.info("Canary script ended")
    try:
        browser.end(current)
        write_har(current)
    except Exception as err:  # noqa: BLE001: artifacts that cannot be written do not change what was found
        current.add_execution_error("Artifacts could not be written:", err)
    save(current, report.verdict(current, run))


def write_har(current):
    if current.recorder is None or not current.flag("har_file"):
        return
    har = current.recorder.har()
    with open(os.path.join(current.setup["out"], "results.har"), "w", encoding="utf-8") as file:
        json.dump(har, file, indent=1)
    with open(os.path.join(current.setup["out"], "results.har.html"), "w", encoding="utf-8", errors="replace") as file:
        file.write(waterfall.page(har))


def save(current, result):
    """A full disk must not cost the verdict; it has room of its own in the log."""
    try:
        report.write(current.setup["out"], result)
    except OSError as err:
        reason = f"The report could not be written: {err}"
        logs.log.error("%s", reason)
        if result["status"] != "FAILED":
            result.update(status="FAILED", stateReason=reason, stateReasonCode="EXECUTION_FAILURE")
        try:
            report.write_verdict(current.setup["out"], result)
        except OSError as again:
            logs.log.error("The verdict could not be written: %s", again)


if __name__ == "__main__":
    try:
        main()
        code = 0
    except BaseException as err:  # noqa: B902
        import traceback

        traceback.print_exc()
        print(f"The launcher failed: {err!r}", file=sys.stderr)
        code = 70
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)
