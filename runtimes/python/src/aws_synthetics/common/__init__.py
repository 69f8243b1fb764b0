"""synthetics_logger and synthetics_configuration."""
from _nephele import session as _session
from _nephele.logs import log as synthetics_logger

synthetics_configuration = _session.current.configuration

__all__ = ["synthetics_configuration", "synthetics_logger"]
