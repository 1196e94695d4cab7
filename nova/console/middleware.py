"""Middleware of pages: Django's for people with a browser, and past it for programs, which bring tokens and no session.

To look for a session, a user and messages took as long as the API's own checks.
"""

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

API = "/api/v1/"
"""Where no view asks who is logged in."""


class _PagesOnly(MiddlewareMixin):
    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request) if request.path_info.startswith(API) else super().__call__(request)


class PageSessionMiddleware(_PagesOnly, SessionMiddleware):
    """Sessions."""


class PageAuthenticationMiddleware(_PagesOnly, AuthenticationMiddleware):
    """Who is logged in."""


class PageMessageMiddleware(_PagesOnly, MessageMiddleware):
    """Messages that the next page shows."""
