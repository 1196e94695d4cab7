"""End of a session: a page that refreshes itself leads to the login when its session has ended, and back from there.

What a script of the page asks for would otherwise be answered with the login page, of which it shows nothing.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode


class SessionEndMiddleware:
    """Sends the whole page to the login, where only a part of it was asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        response = self._get_response(request)
        if response.status_code != 302 or "HX-Request" not in request.headers:
            return response
        login = reverse("admin:login")
        if urlsplit(response["Location"]).path != login:
            return response
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        back = f"{page.path}?{page.query}" if page.query else page.path or reverse("admin:index")
        return HttpResponse(headers={"HX-Redirect": f"{login}?{urlencode({'next': back})}"})
