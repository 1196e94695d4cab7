"""Middleware of pages: Django's for people with a browser, and past it for programs, which bring tokens and no session.

To look for a session, a CSRF token, a user and messages took as long as the API's own checks.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponseForbidden
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.deprecation import MiddlewareMixin

API = "/api/v1/"
"""Where no view asks who is logged in."""


class _PagesOnly(MiddlewareMixin):
    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request) if request.path_info.startswith(API) else super().__call__(request)


class PageSessionMiddleware(_PagesOnly, SessionMiddleware):
    """Sessions."""


class PageCsrfMiddleware(_PagesOnly, CsrfViewMiddleware):
    """Forms come from pages of this site."""

    def process_view(
        self,
        request: HttpRequest,
        callback: Callable[..., HttpResponseBase],
        callback_args: tuple[Any, ...],
        callback_kwargs: dict[str, Any],
    ) -> HttpResponseForbidden | None:
        """Refuse a form from elsewhere; the API takes none from browsers that do not bring a token."""
        if request.path_info.startswith(API):
            return None
        return super().process_view(request, callback, callback_args, callback_kwargs)


class PageAuthenticationMiddleware(_PagesOnly, AuthenticationMiddleware):
    """Who is logged in."""


class PageMessageMiddleware(_PagesOnly, MessageMiddleware):
    """Messages that the next page shows."""
