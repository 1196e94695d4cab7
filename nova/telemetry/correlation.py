"""Correlation: everything that one request causes bears one correlation id, in events and in the log."""

import time
from collections.abc import Callable
from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse

from events.api import event_context, uuid7
from nova.health.probes import ROUTES
from nova.telemetry.traceparent import valid_traceparent

HEADER = "X-Correlation-ID"
META_NAME = "HTTP_X_CORRELATION_ID"
log = structlog.get_logger("nova.access")


class CorrelationMiddleware:
    """Takes or gives the correlation id, and writes the request's line to the log.

    The id comes from `X-Correlation-ID` if that is a UUID, and goes back in the same header.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        started = time.perf_counter()
        correlation_id = _given_id(request) or uuid7()
        traceparent = valid_traceparent(request.META.get("HTTP_TRACEPARENT"))
        metadata = {"traceparent": traceparent} if traceparent else {}
        # Not `bound_contextvars`, which copies the context twice.
        bound = structlog.contextvars.bind_contextvars(correlation_id=str(correlation_id))
        try:
            with event_context(correlation_id=correlation_id, metadata=metadata):
                response = self._get_response(request)
                response.headers[HEADER] = str(correlation_id)
                _log_access(request, response, time.perf_counter() - started)
        finally:
            structlog.contextvars.reset_contextvars(**bound)
        return response


def _given_id(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.META[META_NAME])
    except (KeyError, ValueError):
        return None


def _log_access(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    # The route and not the path: ids and search words of people stand in paths and queries.
    match = request.resolver_match
    route = match.route if match else None
    # Asked for every few seconds by machines, they would fill the log.
    write = log.debug if route in ROUTES else log.info
    write(
        "request",
        method=(request.method or "")[:16],
        route=route,
        status=response.status_code,
        duration_ms=round(seconds * 1_000, 1),
        # What the view has to add, such as the ids of the events that it has appended.
        **getattr(request, "log_fields", {}),
    )
