"""Takes secrets out of what is logged and reported."""
import re
from urllib.parse import unquote, urlsplit, urlunsplit

REDACTED = "REDACTED"
_URLS = re.compile(r"\bhttps?://[^\s\"'<>)\]]+", re.IGNORECASE)


def url(configuration, address):
    """The address without its password and the parameters that are restricted."""
    try:
        parts = urlsplit(address)
        netloc = parts.netloc
        if parts.password and not configuration.flag("include_url_password"):
            user, host = netloc.rsplit("@", 1)
            netloc = f"{user.split(':', 1)[0]}:{REDACTED}@{host}"
    except ValueError:
        return address
    restricted = configuration.flag("restricted_url_parameters")
    if not restricted:
        return urlunsplit(parts._replace(netloc=netloc))
    hide = (lambda _: True) if "*" in restricted else (lambda name: unquote(name) in restricted)
    query = "&".join(_pair(pair, hide) for pair in parts.query.split("&")) if parts.query else ""
    path = "/".join(REDACTED if part and hide(part) else part for part in parts.path.split("/"))
    return urlunsplit(parts._replace(netloc=netloc, query=query, path=path))


def _pair(pair, hide):
    name, equals, value = pair.partition("=")
    return f"{name}={REDACTED}" if hide(name) else name + equals + value


def headers(configuration, given):
    """The headers with the values of those that are restricted replaced."""
    restricted = [name.lower() for name in configuration.flag("restricted_headers")]
    hide = (lambda _: True) if "*" in restricted else (lambda name: name.lower() in restricted)
    return {name: REDACTED if hide(name) else value for name, value in (given or {}).items()}


def text(configuration, message):
    """A text with the addresses in it made clean."""
    return _URLS.sub(lambda found: url(configuration, found.group()), message)


def error(configuration, exception):
    """What an exception says, on one line as far as it is a driver's."""
    message = getattr(exception, "msg", None)
    if isinstance(exception, SyntaxError) or not isinstance(message, str):
        message = str(exception)
    message = message.split("\n  (Session info:", 1)[0].split("\nStacktrace:", 1)[0].strip()
    name = type(exception).__name__
    if not message:
        message = name
    elif type(exception) is not Exception:
        message = f"{name}: {message}"
    return text(configuration, message)
