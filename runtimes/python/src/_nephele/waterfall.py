"""results.har.html: the requests of a run as a page to look at, with nothing to load."""
from datetime import datetime
from html import escape

_PARTS = (
    ("blocked", "#b6b9bd"), ("dns", "#1d8102"), ("connect", "#ff9900"), ("ssl", "#a32eff"), ("send", "#0073bb"),
    ("wait", "#2ea597"), ("receive", "#688ae8"),
)
_STYLE = """
:root{color-scheme:light dark}
body{font:14px/1.4 system-ui,sans-serif;margin:1.5rem}
table{border-collapse:collapse;width:100%;table-layout:fixed}
th,td{text-align:left;padding:.2rem .5rem;border-bottom:1px solid #8884;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.url{width:34%}.n{width:5.5rem;text-align:right}
.bar{position:relative;height:1rem}.bar i{position:absolute;top:.15rem;height:.7rem;min-width:1px}
.bad{color:#d13212}.key i{display:inline-block;width:.8rem;height:.8rem;margin:0 .3rem 0 1rem;vertical-align:-.1rem}
"""


def page(har):
    """The page, given the archive."""
    entries = sorted(har["log"]["entries"], key=lambda e: e["startedDateTime"])
    starts = [_seconds(e["startedDateTime"]) for e in entries]
    first = min(starts, default=0)
    total = max([(s - first) * 1000 + e["time"] for s, e in zip(starts, entries)], default=1) or 1
    rows = "".join(_row(e, (s - first) * 1000, total) for s, e in zip(starts, entries))
    key = "".join(f'<i style="background:{color}"></i>{name}' for name, color in _PARTS)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Requests</title><style>{_STYLE}</style>'
        f"<h1>{len(entries)} requests in {total:.0f} ms</h1><p class=key>{key}</p><table><thead><tr><th class=url>URL</th>"
        "<th class=n>Status</th><th class=n>Size</th><th class=n>Time</th><th>Waterfall</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></html>\n"
    )


def _row(entry, start, total):
    status, url = entry["response"]["status"], escape(entry["request"]["url"])
    bad = ' class="n bad"' if status == 0 or status >= 400 else " class=n"
    text = escape(entry["response"].get("_error") or str(status))
    return (
        f'<tr><td class=url title="{url}">{escape(entry["request"]["method"])} {url}</td><td{bad} title="{text}">{text}</td>'
        f'<td class=n>{entry["response"]["content"]["size"]:.0f} B</td><td class=n>{entry["time"]:.0f} ms</td>'
        f"<td><div class=bar>{_bars(entry['timings'], start, total)}</div></td></tr>"
    )


def _bars(timings, at, total):
    out = ""
    for name, color in _PARTS:
        # HAR 1.2: the time of ssl is part of connect's.
        ms = timings.get(name, -1) - (max(0, timings.get("ssl", -1)) if name == "connect" else 0)
        if ms > 0:
            out += f'<i title="{name} {ms:.1f} ms" style="left:{at / total * 100:.2f}%;width:{ms / total * 100:.2f}%;background:{color}"></i>'
            at += ms
    return out


def _seconds(stamp):
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
