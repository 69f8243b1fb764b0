"""Times as the reports have them."""
import time
from datetime import datetime, timezone


def now():
    """The time in ISO 8601, to the millisecond, in UTC."""
    return iso(time.time())


def iso(seconds):
    """Seconds since 1970 in the same form."""
    stamp = datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")


class Stopwatch:
    """Adds up the time spent in a with block, in milliseconds."""

    def __init__(self):
        self.ms = 0.0
        self._depth = 0

    def __enter__(self):
        if self._depth == 0:
            self._started = time.perf_counter()
        self._depth += 1
        return self

    def __exit__(self, *_):
        self._depth -= 1
        if self._depth == 0:
            self.ms += (time.perf_counter() - self._started) * 1000
