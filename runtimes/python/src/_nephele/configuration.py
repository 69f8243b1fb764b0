"""The configuration of a run: what scripts know as synthetics_configuration.

Options have the names of the user guide ("Library functions available for
Python canary scripts using Selenium") and, where it names none, those of the
library for Node.js in snake case.
"""
DEFAULTS = {
    "screenshot_on_step_start": True,
    "screenshot_on_step_success": True,
    "screenshot_on_step_failure": True,
    "har_file": True,
    "steps_report": True,
    "include_url_password": False,
    "restricted_url_parameters": [],
    "restricted_headers": [],
    "include_request_headers": False,
    "include_response_headers": False,
    "include_request_body": False,
    "include_response_body": False,
    "log_request": False,
    "log_response": False,
    "log_request_body": False,
    "log_response_body": False,
    "log_request_headers": False,
    "log_response_headers": False,
    "continue_on_step_failure": False,
    "continue_on_http_step_failure": True,
    "step_success_metric": True,
    "step_duration_metric": True,
    "failed_canary_metric": True,
    "aggregated_failed_canary_metric": True,
    "2xx_metric": True,
    "4xx_metric": True,
    "5xx_metric": True,
    "failed_requests_metric": True,
    "aggregated_2xx_metric": True,
    "aggregated_4xx_metric": True,
    "aggregated_5xx_metric": True,
    "aggregated_failed_requests_metric": True,
}

SCREENSHOTS = ("screenshot_on_step_start", "screenshot_on_step_success", "screenshot_on_step_failure")
STEPS = ("step_success_metric", "step_duration_metric")
REQUESTS = ("2xx_metric", "4xx_metric", "5xx_metric", "failed_requests_metric")
AGGREGATED = tuple(f"aggregated_{name}" for name in REQUESTS)
REPORTING = ("include_request_headers", "include_response_headers", "include_request_body", "include_response_body")

_GROUPS = {
    "screenshotConfiguration": SCREENSHOTS,
    "artifactConfiguration": ("har_file",),
    "reportingConfiguration": (
        "steps_report", *REPORTING, "include_url_password", "restricted_url_parameters", "restricted_headers",
    ),
    "loggingConfiguration": (
        "log_request", "log_response", "log_request_body", "log_response_body", "log_request_headers",
        "log_response_headers",
    ),
    "executionConfiguration": ("continue_on_step_failure", "continue_on_http_step_failure"),
    "stepMetricsConfiguration": STEPS,
    "canaryMetricsConfiguration": (
        "failed_canary_metric", "aggregated_failed_canary_metric", *REQUESTS, *AGGREGATED,
    ),
}


class SyntheticsConfiguration:
    """set_config, a with_ and a get_ method for every option, and switches for groups of them."""

    def __init__(self):
        self._values = {k: list(v) if isinstance(v, list) else v for k, v in DEFAULTS.items()}

    def flag(self, name):
        """The value of an option."""
        return self._values[name]

    def set_config(self, options):
        """Sets many options. An option that there is not changes nothing and raises."""
        checked = {key: value for key, value in (self._checked(k, v) for k, v in dict(options or {}).items())}
        self._values.update(checked)
        return self

    def get_config(self):
        """A copy of all options."""
        return {k: list(v) if isinstance(v, list) else v for k, v in self._values.items()}

    @staticmethod
    def _checked(name, value):
        key = option(name)
        if key.startswith("visual_") or key == "fail_canary_run_on_visual_variance":
            raise ValueError(f"Runtimes for Python have no visual monitoring: {name}")
        if key not in DEFAULTS:
            raise ValueError(f"Unknown configuration option {name}")
        if isinstance(DEFAULTS[key], list):
            return key, [str(v) for v in value] if isinstance(value, (list, tuple, set)) else [str(value)]
        if not isinstance(value, bool):
            raise ValueError(f"Configuration option {name} must be a boolean, not {type(value).__name__}")
        return key, value

    def _all(self, names, value):
        self._values.update(dict.fromkeys(names, value))
        return self

    def enable_step_screenshots(self):
        return self._all(SCREENSHOTS, True)

    def disable_step_screenshots(self):
        return self._all(SCREENSHOTS, False)

    def enable_step_metrics(self):
        return self._all(STEPS, True)

    def disable_step_metrics(self):
        return self._all(STEPS, False)

    def enable_request_metrics(self):
        return self._all(REQUESTS + AGGREGATED, True)

    def disable_request_metrics(self):
        return self._all(REQUESTS + AGGREGATED, False)

    def enable_aggregated_request_metrics(self):
        return self._all(AGGREGATED, True)

    def disable_aggregated_request_metrics(self):
        return self._all(AGGREGATED, False)

    def enable_reporting_options(self):
        return self._all(REPORTING, True)

    def disable_reporting_options(self):
        return self._all(REPORTING, False)

    def __getattr__(self, name):
        """with_<option>(value) and get_<option>(), in snake case or, as some pages have it, camel case."""
        verb, _, rest = name.partition("_")
        if not rest and name[:4] == "with":
            verb, rest = "with", name[4:]
        key = option(rest)
        if key in DEFAULTS and verb == "with":
            return lambda value: self.set_config({key: value})
        if key in DEFAULTS and verb == "get":
            return lambda: self.get_config()[key]
        raise AttributeError(f"synthetics_configuration has no {name}")

    def report(self):
        """The configuration part of the run's report, which names options as Node.js does."""
        out = {g: {camel(n): self._values[n] for n in names} for g, names in _GROUPS.items()}
        out["visualMonitoringConfiguration"] = {"visualCompareWithBaseRun": False}
        return out


def option(name):
    """The option that a name in any spelling means: _2xx_metric, aggregated2xxMetric, harFile."""
    out = ""
    for i, c in enumerate(name):
        starts = c.isupper() or c.isdigit() and i > 0 and name[i - 1].isalpha() and name[i - 1] != "x"
        out += ("_" if starts and out and out[-1] != "_" else "") + c.lower()
    return out.lstrip("_")


def camel(name):
    """An option's name in reports: _2xxMetric, aggregated2xxMetric, harFile."""
    first, *rest = name.split("_")
    out = first + "".join(part[:1].upper() + part[1:] for part in rest)
    return f"_{out}" if out[0].isdigit() else out
