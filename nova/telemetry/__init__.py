"""Telemetry: correlation ids, structured logs, one line for each request."""

from nova.telemetry.correlation import CorrelationMiddleware
from nova.telemetry.logs import configure_logging

__all__ = ["CorrelationMiddleware", "configure_logging"]
