"""Live tail: the page that shows events as they are recorded, and the stream behind it (server-sent events, WHATWG).

The stream is the one asynchronous place: while nothing happens, a connection holds neither a thread nor one to the
database. What it asks, it asks in a few threads that all connections share. It ends with the session, and says why.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

import msgspec
import structlog
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError, connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from events.api import InvalidArgument, LogFilter, Unavailable, filter_of, read_heads, safe_position
from kit.arguments import MAX_BIGINT
from nova.console.tail_slots import TailSlots
from nova.server.streams import are_to_end

log = structlog.get_logger(__name__)

PERMISSION = "events.view_domainevent"
POLL_INTERVAL = 0.5
SESSION_INTERVAL = 5.0
"""Seconds after which a stream of a session that has ended ends at the latest."""
ALIVE_INTERVAL = 10.0
"""Seconds after which something is sent, though nothing has happened, so that nobody in between takes it for dead."""
RETRY = 2_000
"""Milliseconds after which a browser connects again."""
PAGE = 500
ENDED = "your session has ended, or you may no longer see events: log in again"

slots = TailSlots()
_threads = ThreadPoolExecutor(2, thread_name_prefix="tail")
_ResultT = TypeVar("_ResultT")


def tail_page(request: HttpRequest) -> HttpResponse:
    """The page."""
    _check(request)
    context: dict[str, Any] = {"title": "Live tail", "query": request.GET.urlencode()}
    try:
        which = _filter(request)
    except InvalidArgument as error:
        context["problem"] = f"{error.parameter.replace('_', ' ').capitalize()} {error.reason}."
    else:
        context |= {
            "said": [(name.replace("_", " "), value) for name, value in msgspec.to_builtins(which).items()],
            "stream": f"{reverse('console-tail-stream')}?{request.GET.urlencode()}",
            "event": reverse("admin:events_domainevent_change", args=[0]),
            "list": f"{reverse('admin:events_domainevent_changelist')}?{request.GET.urlencode()}",
            "last": safe_position(),
        }
    return TemplateResponse(request, "admin/nova/tail.html", admin.site.each_context(request) | context)


def tail_stream(request: HttpRequest) -> HttpResponseBase:
    """The events behind the position that the page or the browser's last one names."""
    _check(request)
    try:
        which = _filter(request)
    except InvalidArgument as error:
        return HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
    session = request.session.session_key or ""
    release = slots.take(session)
    if release is None:
        return HttpResponse(
            "There are too many live tails.", status=503, headers={"Retry-After": "5"}, content_type="text/plain"
        )
    response = StreamingHttpResponse(
        _stream(which, _after(request), session),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
    # Also where nothing of it is ever sent.
    response._resource_closers.append(release)  # type: ignore[attr-defined]  # noqa: SLF001 - there is no other way
    return response


async def _stream(which: LogFilter, after: int, session: str) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY}\n\n".encode()
    loop = asyncio.get_running_loop()
    looked_at = spoken_at = loop.time()
    is_in_trouble = False
    # A browser connects again where a stream has ended without a word: to a process that goes on.
    while not are_to_end():
        try:
            if loop.time() - looked_at >= SESSION_INTERVAL:
                looked_at = loop.time()
                if not await _in_thread(partial(_may_see, session)):
                    yield _message("end", {"reason": ENDED})
                    return
            page = await _in_thread(partial(read_heads, after, PAGE))
        except (DatabaseError, InterfaceError, Unavailable) as error:
            if not is_in_trouble:
                log.warning("a live tail reads nothing", error=type(error).__name__)
                yield _message("trouble", {"reason": "the log does not answer"})
            is_in_trouble = True
            await asyncio.sleep(SESSION_INTERVAL)
            continue
        is_in_trouble = False
        fitting = [head for head in page.events if which.fits(head)]
        if fitting:
            yield b"".join(_message("event", head, position=head.position) for head in fitting)
        if page.position != after or loop.time() - spoken_at >= ALIVE_INTERVAL:
            after, spoken_at = page.position, loop.time()
            yield _message("position", {}, position=after)
        if not page.is_full:
            await asyncio.sleep(POLL_INTERVAL)


def _message(event: str, data: Any, *, position: int | None = None) -> bytes:
    number = "" if position is None else f"id: {position}\n"
    return f"{number}event: {event}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


async def _in_thread(ask: Callable[[], _ResultT]) -> _ResultT:
    def asked() -> _ResultT:
        try:
            return ask()
        finally:
            connections.close_all()

    return await asyncio.get_running_loop().run_in_executor(_threads, asked)


def _may_see(session: str) -> bool:
    """Whether the session still is somebody's who may see events."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session)
    user: Any = get_user(request)
    return bool(user.is_active and user.is_staff and user.has_perm(PERMISSION))


def _check(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied


def _filter(request: HttpRequest) -> LogFilter:
    return filter_of({name: str(value) for name, value in request.GET.items() if name != "after"})


def _after(request: HttpRequest) -> int:
    text = request.headers.get("Last-Event-ID") or request.GET.get("after") or ""
    return min(int(text), MAX_BIGINT) if text.isascii() and text.isdigit() and len(text) < 20 else safe_position()
