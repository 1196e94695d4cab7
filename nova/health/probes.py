"""Probes middleware: probes and scrapers are answered by address and without TLS, past whatever proxy serves people.

What they ask for is answered before the name of the host is looked at, and production does not send them to https.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import resolve

ROUTES = frozenset({"health/live", "health/ready", "metrics"})
"""What machines inside ask for every few seconds. A proxy in front of Nova must not let it out."""


def is_probe(path: str) -> bool:
    """Whether that path is one of those."""
    return path.removeprefix("/") in ROUTES


class ProbesMiddleware:
    """Answers probes and scrapers; everybody else is passed on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        if not is_probe(request.path_info):
            return self._get_response(request)
        request.resolver_match = match = resolve(request.path_info)
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers={"Allow": "GET, HEAD, OPTIONS"})
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return response
