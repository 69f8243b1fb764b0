"""Logging as a Lambda function in Python has it, and the logger of the library.

The root logger writes "[LEVEL]<tab>time<tab>request id<tab>message", warnings
and worse only. The library's logger writes the same at its own level, and a
file among the artifacts. With CW_SYNTHETICS_LOG_FORMAT=JSON both write objects.
"""
import json
import logging
import os
import sys

from . import clock

_LEVELS = {
    "TRACE": logging.DEBUG, "DEBUG": logging.DEBUG, "INFO": logging.INFO, "WARN": logging.WARNING,
    "WARNING": logging.WARNING, "ERROR": logging.ERROR, "FATAL": logging.CRITICAL, "CRITICAL": logging.CRITICAL,
}
_NAMES = {"WARNING": "WARN"}
_NUMBERS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)  # 0 to 3, as Node.js counts


def write(line):
    """Writes a line to standard output at once: nothing is lost when the run is killed."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        pass
    rest = (line + "\n").encode("utf-8", "replace")
    while rest:
        try:
            rest = rest[os.write(1, rest):]
        except OSError:
            return


class _Text(logging.Formatter):
    """One event a line: a newline inside becomes a carriage return, and the reader turns it back."""

    def __init__(self, request_id):
        super().__init__("%(message)s")
        self.request_id = request_id

    def format(self, record):
        message = super().format(record).replace("\n", "\r")
        return f"[{record.levelname}]\t{clock.iso(record.created)}\t{self.request_id}\t{message}"


class _JSON(logging.Formatter):
    def __init__(self, request_id):
        super().__init__()
        self.request_id = request_id

    def format(self, record):
        out = {
            "timestamp": clock.iso(record.created), "level": _NAMES.get(record.levelname, record.levelname),
            "message": record.getMessage(), "logger": record.name, "requestId": self.request_id,
        }
        if record.exc_info and record.exc_info[0]:
            out["errorType"] = record.exc_info[0].__name__
            out["errorMessage"] = str(record.exc_info[1])
            out["stackTrace"] = self.formatException(record.exc_info).split("\n")
        if record.stack_info:
            out["stack"] = record.stack_info
        return json.dumps(out, default=str)


class _Prefixed(logging.Formatter):
    """The form of the file: the time, and the level as the guide has it, "INFO: "."""

    def format(self, record):
        level = _NAMES.get(record.levelname, record.levelname)
        return f"{clock.iso(record.created)} {level}: {super().format(record)}"


class _Console(logging.Handler):
    def emit(self, record):
        try:
            write(self.format(record))
        except Exception:  # noqa: BLE001: a log line never fails a canary
            self.handleError(record)


class _File(logging.Handler):
    """The log among the artifacts, made with its first line."""

    def __init__(self, directory):
        super().__init__()
        self.directory, self.file = directory, None

    def emit(self, record):
        if self.directory is None:
            return
        try:
            if self.file is None:
                name = clock.now().replace(":", "-").replace(".", "-")
                self.file = open(os.path.join(self.directory, f"{name}-log.txt"), "a", encoding="utf-8", errors="replace")
            self.file.write(self.format(record) + "\n")
            self.file.flush()
        except OSError as err:
            self.directory = None
            write(f"[ERROR]\tthe log file cannot be written: {err}")


def level_of(level):
    """The level that a number of the logging module, 0 to 3, or a name means."""
    if isinstance(level, str) and level.upper() in _LEVELS:
        return _LEVELS[level.upper()]
    if isinstance(level, int) and not isinstance(level, bool):
        if 0 <= level < len(_NUMBERS):
            return _NUMBERS[level]
        if level in _LEVELS.values():
            return level
    raise ValueError(f"Invalid log level {level!r}: use DEBUG, INFO, WARN, ERROR or a level of the logging module")


class SyntheticsLogger:
    """The logger that scripts know as synthetics_logger. What it has not is the Logger's of the standard library."""

    def __init__(self):
        self._logger = logging.getLogger("synthetics")
        self._logger.propagate = False
        self._logger.setLevel(logging.INFO)

    def get_level(self):
        """The level, a number of the logging module."""
        return self._logger.level

    def set_level(self, level):
        """Sets the level: a number of the logging module, 0 (debug) to 3 (error), or a name."""
        self._logger.setLevel(level_of(level))

    get_log_level, set_log_level = get_level, set_level

    def _at(self, level, message, args, kwargs):
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 2
        self._logger.log(level, message, *args, **kwargs)

    def debug(self, message, *args, **kwargs):
        self._at(logging.DEBUG, message, args, kwargs)

    def info(self, message, *args, **kwargs):
        self._at(logging.INFO, message, args, kwargs)

    log = info

    def warning(self, message, *args, **kwargs):
        self._at(logging.WARNING, message, args, kwargs)

    warn = warning

    def error(self, message, *args, **kwargs):
        self._at(logging.ERROR, message, args, kwargs)

    def critical(self, message, *args, **kwargs):
        self._at(logging.CRITICAL, message, args, kwargs)

    def exception(self, message, *args, exc_info=True, **kwargs):
        self._at(logging.ERROR, message, args, {**kwargs, "exc_info": exc_info})

    def __getattr__(self, name):
        return getattr(self.__dict__["_logger"], name)


# The one logger of the run.
log = SyntheticsLogger()


def install(request_id, directory):
    """Sets the loggers up. directory is where the file goes."""
    as_json = os.environ.get("CW_SYNTHETICS_LOG_FORMAT", "").upper() == "JSON"
    console, file = _Console(), _File(directory)
    console.setFormatter((_JSON if as_json else _Text)(request_id))
    file.setFormatter(_JSON(request_id) if as_json else _Prefixed())
    logging.getLogger().addHandler(console)
    log.addHandler(console)
    log.addHandler(file)
    wanted = os.environ.get("CW_SYNTHETICS_LOG_LEVEL", "")
    if wanted.upper() in _LEVELS:
        log.set_level(wanted)
    elif wanted:
        log.warning("CW_SYNTHETICS_LOG_LEVEL is %r, which is no level; INFO is used", wanted)
