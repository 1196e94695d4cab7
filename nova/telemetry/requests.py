"""Metrics of requests: how many were answered with what, and how long that took, by route.

One histogram, named as OpenTelemetry's semantic conventions name it for HTTP servers. Its labels are closed sets:
strangers make up methods and paths, and each would be a histogram more, for ever.
"""

import time
from collections.abc import Callable
from functools import cache

from django.http import HttpRequest, HttpResponse
from prometheus_client import Histogram

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""A method that no view could know."""
NO_ROUTE = ""
"""The route of a path that leads nowhere, or of a request that was answered before it was looked at."""

DURATION = Histogram(
    "http_server_request_duration_seconds",
    "Seconds from a request's coming, its body included, to its answer.",
    ["method", "route", "status"],
)


class RequestMetricsMiddleware:
    """Counts and times requests by method, route and status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        began = time.perf_counter()
        response = self._get_response(request)
        method = request.method if request.method in METHODS else OTHER
        route = request.resolver_match.route if request.resolver_match else NO_ROUTE
        _duration(method, route, response.status_code).observe(time.perf_counter() - began)
        return response


@cache
def _duration(method: str, route: str, status: int) -> Histogram:
    # To look a histogram up among all others takes longer than to count.
    return DURATION.labels(method, route, status)
