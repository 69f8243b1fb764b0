"""Rules of the library that need no run."""
import asyncio
import unittest
from unittest import mock

from _nephele import har, redact, script, waterfall
from _nephele.configuration import DEFAULTS, SyntheticsConfiguration, camel, option
from _nephele.session import Done, Session, file_name


class Options(unittest.TestCase):
    def test_every_spelling_means_the_same(self):
        for given, want in {
            "2xx_metric": "2xx_metric", "_2xx_metric": "2xx_metric", "_2xxMetric": "2xx_metric", "2xxMetric": "2xx_metric",
            "aggregated_5xx_metric": "aggregated_5xx_metric", "aggregated5xxMetric": "aggregated_5xx_metric",
            "Aggregated2xxMetric": "aggregated_2xx_metric", "harFile": "har_file", "screenshotOnStepStart": "screenshot_on_step_start",
            "restricted_url_parameters": "restricted_url_parameters", "restrictedUrlParameters": "restricted_url_parameters",
        }.items():
            self.assertEqual(option(given), want, given)

    def test_reports_name_options_as_nodejs_does(self):
        self.assertEqual([camel(n) for n in ("2xx_metric", "aggregated_2xx_metric", "har_file")], ["_2xxMetric", "aggregated2xxMetric", "harFile"])
        for name in DEFAULTS:
            self.assertEqual(option(camel(name)), name)

    def test_every_option_has_its_methods(self):
        config = SyntheticsConfiguration()
        for name, value in DEFAULTS.items():
            other = not value if isinstance(value, bool) else ["a"]
            self.assertIs(getattr(config, f"with_{name}")(other), config)
            self.assertEqual(getattr(config, f"get_{name}")(), other)
        with self.assertRaises(AttributeError):
            config.with_colour(True)
        with self.assertRaises(AttributeError):
            config.getcolour()

    def test_bad_options_change_nothing(self):
        config = SyntheticsConfiguration()
        for options in ({"har_file": False, "no_such": 1}, {"har_file": False, "steps_report": "yes"}):
            with self.assertRaises(ValueError):
                config.set_config(options)
            self.assertTrue(config.get_har_file())

    def test_groups(self):
        config = SyntheticsConfiguration().disable_request_metrics().enable_aggregated_request_metrics().disable_step_metrics()
        report = config.report()
        self.assertFalse(report["canaryMetricsConfiguration"]["_2xxMetric"])
        self.assertTrue(report["canaryMetricsConfiguration"]["aggregated2xxMetric"])
        self.assertTrue(report["canaryMetricsConfiguration"]["failedCanaryMetric"])
        self.assertEqual(report["stepMetricsConfiguration"], {"stepSuccessMetric": False, "stepDurationMetric": False})


class Redaction(unittest.TestCase):
    def test_addresses(self):
        for config, given, want in (
            ({}, "http://u:p@h/x?a=1#f", "http://u:REDACTED@h/x?a=1#f"),
            ({"include_url_password": True}, "http://u:p@h/", "http://u:p@h/"),
            ({"restricted_url_parameters": ["a"]}, "http://h/a/b?a=1&b=2&a=3", "http://h/REDACTED/b?a=REDACTED&b=2&a=REDACTED"),
            ({"restricted_url_parameters": "*"}, "http://h/x/y?a=1&b", "http://h/REDACTED/REDACTED?a=REDACTED&b=REDACTED"),
            ({"restricted_url_parameters": ["ä"]}, "http://h/%C3%A4?%C3%A4=1", "http://h/REDACTED?%C3%A4=REDACTED"),
            ({}, "not an address", "not an address"),
            ({}, "http://[", "http://["),
        ):
            configuration = SyntheticsConfiguration().set_config(config)
            self.assertEqual(redact.url(configuration, given), want, given)

    def test_headers(self):
        configuration = SyntheticsConfiguration().with_restricted_headers(["X-Secret"])
        self.assertEqual(redact.headers(configuration, {"x-secret": "1", "b": "2"}), {"x-secret": "REDACTED", "b": "2"})
        self.assertEqual(redact.headers(configuration.with_restricted_headers("*"), {"b": "2"}), {"b": "REDACTED"})

    def test_errors(self):
        class Driver(Exception):
            msg = "no such element: #x\n  (Session info: chrome=1)\nStacktrace:\n#0"

        config = SyntheticsConfiguration()
        self.assertEqual(redact.error(config, Driver()), "Driver: no such element: #x")
        self.assertEqual(redact.error(config, Exception("plain")), "plain")
        self.assertEqual(redact.error(config, KeyError("x")), "KeyError: 'x'")
        self.assertEqual(redact.error(config, AssertionError()), "AssertionError")


class Handlers(unittest.TestCase):
    def test_forms(self):
        for given, want in {
            "a.fn": ("a", "fn"), "a/b.fn": ("a/b", "fn"), "a.b.fn": ("a/b", "fn"), "a::fn": ("a", "fn"), "my-canary.go": ("my-canary", "go"),
        }.items():
            self.assertEqual(script.parse_handler(given), want)
        for given in ("", "fn", ".fn", "a."):
            with self.assertRaises(script.LoadError):
                script.parse_handler(given)


class Steps(unittest.TestCase):
    def setUp(self):
        self.session = Session({"event": {"canaryName": "c"}, "canaryArn": "arn", "out": "/nowhere"})

    def test_what_comes_back(self):
        async def late():
            return 2

        self.assertEqual(self.session.execute_step("plain", lambda: 1), 1)
        self.assertEqual(self.session.execute_step("async", late), 2)
        self.assertEqual(self.session.execute_step("coroutine", lambda: late()), 2)
        self.assertEqual(self.session.execute_step("arguments", lambda a, b: a + b, 1, b=2), 3)

        async def script_of_the_guide():
            plain = await self.session.execute_step("plain", lambda: 1)
            coroutine = await self.session.execute_step("coroutine", lambda: late())
            both = await asyncio.gather(self.session.execute_step("a", lambda: 3), self.session.execute_step("b", late))
            unawaited = self.session.execute_step("unawaited", lambda: 5)
            return plain, coroutine, both, isinstance(unawaited, Done)

        self.assertEqual(asyncio.run(script_of_the_guide()), (1, 2, [3, 2], True))
        self.assertTrue(all(s.record["status"] == "PASSED" for s in self.session.steps))
        self.assertEqual([s.record["stepNum"] for s in self.session.steps], list(range(1, 10)))

    def test_failures(self):
        async def late():
            raise ValueError("late")

        with self.assertRaises(ZeroDivisionError):
            self.session.execute_step("plain", lambda: 1 / 0)
        with self.assertRaises(ValueError):
            self.session.execute_step("async", late)
        with self.assertRaises(SystemExit):
            self.session.execute_step("exits", lambda: exec("raise SystemExit(1)"))
        self.session.configuration.set_config({"continue_on_step_failure": True})
        self.assertIsNone(self.session.execute_step("goes on", late))
        self.assertEqual([s.record["status"] for s in self.session.steps], ["FAILED"] * 4)
        with self.assertRaises(TypeError):
            self.session.execute_step("nothing", None)

    def test_names_of_files(self):
        self.assertEqual(file_name(1, 'a/b:c*"d\x01e', "starting"), "01-a_b_c__d_e-starting.png")
        self.assertEqual(file_name(123, "../..", None), "123-.._...png")
        self.assertEqual(file_name(1, "ü" * 300), "01-" + "ü" * 118 + ".png")
        self.assertEqual(file_name(1, "\ud800"), "01-?.png")


class Requests(unittest.TestCase):
    def line(self, method, **params):
        import json
        return {"message": json.dumps({"webview": "v", "message": {"method": method, "params": params}})}

    def test_events_become_entries(self):
        recorder = har.Recorder(SyntheticsConfiguration())
        request = {"method": "GET", "url": "http://h/a?x=1", "headers": {"A": "b"}}
        timing = {
            "requestTime": 1.01, "dnsStart": 0, "dnsEnd": 2, "connectStart": 2, "connectEnd": 5, "sslStart": 3, "sslEnd": 5,
            "sendStart": 5, "sendEnd": 6, "receiveHeadersEnd": 20,
        }
        response = {"status": 200, "url": "http://h/b", "headers": {}, "timing": timing}
        recorder.take([
            self.line("Network.requestWillBeSent", requestId="1", request=request, timestamp=1, wallTime=1e9, type="Document"),
            self.line(
                "Network.requestWillBeSent", requestId="1", request={**request, "url": "http://h/b"}, timestamp=1.005, wallTime=1e9,
                type="Document", redirectResponse={"status": 302, "headers": {}},
            ),
            self.line("Network.responseReceived", requestId="1", response=response),
            self.line("Page.domContentEventFired", timestamp=1.5),
            self.line("Network.loadingFinished", requestId="1", timestamp=1.1, encodedDataLength=7),
            self.line("Network.requestWillBeSent", requestId="2", request=request, timestamp=2, wallTime=1e9, type="Fetch"),
            self.line("Network.loadingFailed", requestId="2", timestamp=2.1, errorText="net::ERR_X"),
            self.line("Network.requestWillBeSent", requestId="3", request={**request, "url": "data:x"}, timestamp=2, wallTime=1e9),
            self.line("Network.loadingFinished", requestId="9", timestamp=2.1),
            {"message": '"Network.'}, {"message": '{"message": {"method": "Network.requestWillBeSent"}}'}, {},
        ])
        self.assertEqual(recorder.counts, {"_2xx": 1, "_3xx": 1, "_4xx": 0, "_5xx": 0, "failed": 1})
        log = recorder.har()["log"]
        self.assertEqual([e["response"]["status"] for e in log["entries"]], [302, 200, 0])
        self.assertEqual(log["entries"][1]["timings"], {
            "blocked": 5, "dns": 2, "connect": 3, "ssl": 2, "send": 1, "wait": 14, "receive": 70,
        })
        self.assertEqual(log["pages"][0]["pageTimings"], {"onContentLoad": 500})
        page = waterfall.page(recorder.har())
        self.assertIn("3 requests", page)
        self.assertIn("net::ERR_X", page)

    def test_page_of_nothing_and_of_markup(self):
        self.assertIn("0 requests", waterfall.page(har.Recorder(SyntheticsConfiguration()).har()))
        recorder = har.Recorder(SyntheticsConfiguration())
        request = {"method": "<b>", "url": "http://h/?<script>", "headers": {}}
        recorder.take([
            self.line("Network.requestWillBeSent", requestId="1", request=request, timestamp=1, wallTime=1e9, type="Document"),
            self.line("Network.loadingFailed", requestId="1", timestamp=2.1, errorText="<i>"),
        ])
        self.assertNotRegex(waterfall.page(recorder.har()), r"<script>|<b>|<i>\s*<")


if __name__ == "__main__":
    with mock.patch("sys.stdout"):
        unittest.main()
