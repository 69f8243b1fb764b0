"""The SyntheticsReport and the verdict of a run (canaryrun, outcome.go)."""
import json
import os

from . import clock


def verdict(session, run):
    """What the server reads."""
    steps = [s.record for s in session.steps]
    failed = next((s for s in steps if s["status"] == "FAILED"), None)
    failure = run.get("failure") or (f"{failed['stepName']}: {failed['failureReason']}" if failed else "")
    passed = not failure
    error = "; ".join(session.execution_errors)
    script = max(0.0, run.get("scriptInMs", 0) - session.picturing.ms - session.launching.ms)
    return {
        "status": "PASSED" if passed and not error else "FAILED",
        "testResult": "PASSED" if passed else "FAILED",
        "stateReason": failure or error,
        "stateReasonCode": "CANARY_FAILURE" if failure else "EXECUTION_FAILURE" if error else "",
        "durationInMs": round(script),
        "stepMetrics": [{
            "stepName": s.name, "passed": s.record["status"] == "PASSED", "durationInMs": round(getattr(s, "ms", 0), 3),
            "success": s.success, "duration": s.duration,
        } for s in session.steps],
        "report": _report(session, run, "PASSED" if passed else "FAILED", failure, error),
    }


def _report(session, run, status, failure, error):
    return {
        "canaryName": session.event["canaryName"],
        "startTime": run["startTime"],
        "endTime": clock.now(),
        "timeSpentInResetInMs": 0,
        "timeSpentInLaunchInMs": round(session.launching.ms),
        "timeSpentInSetUpInMs": round(run.get("setUpInMs", 0)),
        "executionStatus": "FAILED" if error else "PASSED",
        "executionError": error,
        "customerScript": {
            "startTime": run.get("scriptStartTime", ""),
            "endTime": run.get("scriptEndTime", ""),
            "status": status,
            "failureReason": failure,
            "metricsPublished": True,
            "requests": session.recorder.counts if session.recorder else dict.fromkeys(("_2xx", "_3xx", "_4xx", "_5xx", "failed"), 0),
            "steps": [s.record for s in session.steps if s.reported],
            "reports": [],
            "nonStepScreenshots": session.loose_screenshots,
        },
        "configuration": session.configuration.report(),
    }


def write(out, result):
    """Writes the report as an artifact and the verdict for the server."""
    with open(os.path.join(out, f"SyntheticsReport-{result['status']}.json"), "w", encoding="utf-8") as file:
        json.dump(result["report"], file, indent=2)
    write_verdict(out, result)


def write_verdict(out, result):
    """Writes the verdict alone."""
    directory = os.path.join(out, ".nephele")
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, "result.json")
    # What the script left under that name is not written through.
    if os.path.lexists(f"{path}.new"):
        os.remove(f"{path}.new")
    with open(f"{path}.new", "x", encoding="utf-8") as file:
        json.dump(result, file)
    os.replace(f"{path}.new", path)
