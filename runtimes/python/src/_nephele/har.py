"""What the browsers requested: counts by status, and a HAR 1.2.

The events are those of the Chrome DevTools Protocol's Network and Page
domains, which chromedriver keeps in its performance log.
"""
import json
from urllib.parse import parse_qsl, urlsplit

from . import clock, redact
from .logs import log

_MAX_ENTRIES = 5000
_WANTED = ('"Network.', '"Page.domContentEventFired', '"Page.loadEventFired')


class Recorder:
    def __init__(self, configuration):
        self.configuration = configuration
        self.counts = {"_2xx": 0, "_3xx": 0, "_4xx": 0, "_5xx": 0, "failed": 0}
        self.browser = {"name": "Chromium", "version": ""}
        self._entries = []
        self._open = {}
        self._pages = {}

    def take(self, lines):
        """Reads lines of a performance log."""
        for line in lines:
            text = line.get("message", "")
            if not any(wanted in text for wanted in _WANTED):
                continue
            try:
                outer = json.loads(text)
                event = outer["message"]
                handle = getattr(self, "_on_" + event["method"].rpartition(".")[2], None)
                if handle:
                    handle(outer.get("webview", ""), event["params"])
            except (ValueError, KeyError, TypeError) as err:
                log.debug("An event of the browser could not be read: %s", err)

    def _page(self, view):
        if view not in self._pages:
            number = len(self._pages) + 1
            self._pages[view] = {
                "id": f"page_{number}", "startedDateTime": clock.now(), "title": "", "pageTimings": {}, "start": None,
            }
        return self._pages[view]

    def _on_requestWillBeSent(self, view, e):
        request, key = e["request"], (view, e["requestId"])
        if not request["url"].startswith(("http:", "https:", "ws:", "wss:")):
            return
        redirect = e.get("redirectResponse")
        if redirect and key in self._open:
            self._end(self._open[key], redirect, e["timestamp"], request["url"])
        page = self._page(view)
        if e.get("type") == "Document" and page["start"] is None:
            page["start"] = e["timestamp"]
            page["startedDateTime"] = clock.iso(e["wallTime"])
            page["title"] = self._url(request["url"])
        self._open[key] = {
            "page": page["id"], "request": request, "start": e["timestamp"], "wall": e["wallTime"], "type": e.get("type", ""),
        }
        if self.configuration.flag("log_request"):
            log.info("Request: %s %s", request["method"], self._url(request["url"]))

    def _on_requestServedFromCache(self, view, e):
        if (view, e["requestId"]) in self._open:
            self._open[view, e["requestId"]]["cached"] = True

    def _on_responseReceived(self, view, e):
        entry = self._open.get((view, e["requestId"]))
        if entry is None:
            return
        entry["response"] = e["response"]
        if self.configuration.flag("log_response"):
            log.info("Response: %s %s", e["response"]["status"], self._url(e["response"]["url"]))

    def _on_loadingFinished(self, view, e):
        entry = self._open.get((view, e["requestId"]))
        if entry is None or "response" not in entry:
            return
        del self._open[view, e["requestId"]]
        entry["size"] = e.get("encodedDataLength", 0)
        self._end(entry, entry["response"], e["timestamp"])

    def _on_loadingFailed(self, view, e):
        entry = self._open.pop((view, e["requestId"]), None)
        if entry is None:
            return
        if "response" in entry:  # scripts and styles with an error status end here
            self._end(entry, entry["response"], e["timestamp"])
        elif not e.get("canceled"):
            self.counts["failed"] += 1
            reason = e.get("errorText", "")
            log.info("Request failed: %s: %s", self._url(entry["request"]["url"]), reason)
            self._push(entry, {"status": 0, "statusText": reason, "headers": {}}, e["timestamp"], "", reason)

    def _on_domContentEventFired(self, view, e):
        self._timing(view, "onContentLoad", e["timestamp"])

    def _on_loadEventFired(self, view, e):
        self._timing(view, "onLoad", e["timestamp"])

    def _timing(self, view, name, at):
        page = self._page(view)
        if page["start"] is not None:
            page["pageTimings"][name] = _ms(at - page["start"])

    def _end(self, entry, response, at, redirect=""):
        key = f"_{response['status'] // 100}xx"
        if key in self.counts:
            self.counts[key] += 1
        self._push(entry, response, at, redirect)

    def _push(self, entry, response, at, redirect, error=None):
        if len(self._entries) >= _MAX_ENTRIES or not self.configuration.flag("har_file"):
            return
        request, address = entry["request"], self._url(entry["request"]["url"])
        protocol, size = response.get("protocol", ""), entry.get("size")
        self._entries.append({
            "pageref": entry["page"], "startedDateTime": clock.iso(entry["wall"]), "time": _ms(at - entry["start"]),
            "request": {
                "method": request["method"], "url": address, "httpVersion": protocol,
                "headers": self._headers(request.get("headers")), "queryString": _query(address), "cookies": [],
                "headersSize": -1, "bodySize": len(request.get("postData") or ""),
            },
            "response": {
                "status": response["status"], "statusText": response.get("statusText", ""), "httpVersion": protocol,
                "headers": self._headers(response.get("headers")), "cookies": [],
                "content": {"size": size or 0, "mimeType": response.get("mimeType", "")},
                "redirectURL": self._url(redirect) if redirect else "", "headersSize": -1,
                "bodySize": -1 if size is None else size, **({"_error": error} if error else {}),
            },
            "cache": {}, "timings": _timings(response.get("timing"), entry["start"], at),
            "serverIPAddress": response.get("remoteIPAddress", ""), "_resourceType": entry["type"].lower(),
            "_fromCache": entry.get("cached", False),
        })

    def _url(self, address):
        return redact.url(self.configuration, address)

    def _headers(self, headers):
        clean = redact.headers(self.configuration, headers)
        return [{"name": n, "value": redact.text(self.configuration, str(v))} for n, v in clean.items()]

    def har(self):
        """The archive (HAR 1.2)."""
        pages = [{k: v for k, v in page.items() if k != "start"} for page in self._pages.values()]
        return {"log": {
            "version": "1.2", "creator": {"name": "Nephele", "version": "1"}, "browser": self.browser, "pages": pages,
            "entries": self._entries,
        }}


def _ms(seconds):
    return round(seconds * 1000, 3)


def _query(address):
    return [{"name": n, "value": v} for n, v in parse_qsl(urlsplit(address).query, keep_blank_values=True)]


def _timings(t, start, end):
    """ResourceTiming of the protocol (ms after requestTime, -1 when absent) as HAR timings."""
    if not t:
        return {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": _ms(end - start), "receive": 0}

    def span(a, b):
        return round(t[b] - t[a], 3) if t.get(a, -1) >= 0 and t.get(b, -1) >= t[a] else -1

    first = next((t[x] for x in ("dnsStart", "connectStart", "sendStart") if t.get(x, -1) >= 0), 0)
    received = _ms(end - t["requestTime"]) - t["receiveHeadersEnd"]
    return {
        "blocked": round(max(0, _ms(t["requestTime"] - start) + first), 3), "dns": span("dnsStart", "dnsEnd"),
        "connect": span("connectStart", "connectEnd"), "ssl": span("sslStart", "sslEnd"),
        "send": max(0, span("sendStart", "sendEnd")), "wait": max(0, span("sendEnd", "receiveHeadersEnd")),
        "receive": round(max(0, received), 3),
    }
