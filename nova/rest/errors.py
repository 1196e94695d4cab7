"""Error handlers: every error under /api/ becomes a problem document, whoever has raised it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import defaults
from rest_framework.response import Response
from rest_framework.views import set_rollback

from kit.rest.problems import MEDIA_TYPE
from nova.rest.json import JSONRenderer
from nova.rest.rule import Rule
from nova.rest.rules import FORBIDDEN, INTERNAL, NOT_FOUND, UNREADABLE, apply_rule, problem_of

# Answered with problem documents; everything else is for people and gets Django's pages.
MACHINE_PATHS = ("/api/", "/health/", "/metrics")


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler. None lets a fault of Nova go on to the log and `server_error`."""
    problem = problem_of(error)
    if problem is None:
        return None
    set_rollback()
    # Whatever the view renders otherwise: a problem is JSON.
    context["request"].accepted_renderer = JSONRenderer()
    context["request"].accepted_media_type = MEDIA_TYPE
    return Response(problem.document(), status=problem.status, headers=dict(problem.headers), content_type=MEDIA_TYPE)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return _answer(request, exception, NOT_FOUND, defaults.page_not_found)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return _answer(request, exception, UNREADABLE, defaults.bad_request)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return _answer(request, exception, FORBIDDEN, defaults.permission_denied)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    if request.path.startswith(MACHINE_PATHS):
        return apply_rule(INTERNAL).response()
    return defaults.server_error(request)


def _answer(
    request: HttpRequest, error: Exception, otherwise: Rule, page: Callable[[HttpRequest, Exception], HttpResponse]
) -> HttpResponse:
    if not request.path.startswith(MACHINE_PATHS):
        return page(request, error)
    return (problem_of(error) or apply_rule(otherwise)).response()
