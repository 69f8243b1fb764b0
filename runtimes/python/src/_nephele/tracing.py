"""The header of active tracing: one trace for the run, a parent of its own for each sender.

There is no X-Ray here: what the header reaches may record the trace, this run
does not (X-Ray developer guide, "Tracing header").
"""
import os
import secrets
import time

from .after import after_import
from .logs import log

HEADER = "X-Amzn-Trace-Id"


def install(session):
    """Gives the run a trace when its canary asks for it, and the requests of http.client its header."""
    if not session.event.get("activeTracing"):
        return
    session.trace = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    os.environ["_X_AMZN_TRACE_ID"] = header(session)
    log.info("Active tracing: requests carry the trace %s; there is no X-Ray here that records it", session.trace)
    after_import("http.client", lambda module: _change_http(module, session))


def header(session):
    """The value of the header."""
    return f"Root={session.trace};Parent={secrets.token_hex(8)};Sampled=1"


def _change_http(module, session):
    connection = module.HTTPConnection
    send = connection.endheaders

    def endheaders(self, *args, **kwargs):
        written = b"\r\n".join(self._buffer).lower()
        if HEADER.lower().encode() + b":" not in written:
            self.putheader(HEADER, header(session))
        return send(self, *args, **kwargs)

    connection.endheaders = endheaders


def follow(session, driver):
    """Has the browser send the header."""
    if session.trace:
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {HEADER: header(session)}})
