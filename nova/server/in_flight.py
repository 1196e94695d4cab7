"""Bytes in flight: how much of bodies and answers a process keeps for clients that are slow to send or to take them.

Without a bound, a few hundred clients that ask for large pages and do not read would take all memory. What small
bodies and answers come to is not counted: a connection's own buffers hold as much.
"""

from collections.abc import Callable
from contextvars import ContextVar
from threading import Lock
from types import TracebackType
from typing import Self

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from nova.conf import nova_conf
from nova.exceptions import Overloaded
from nova.rest.rules import problem_answer

SMALL = 64 * 1024
"""Bytes that are not counted."""
# Whose request has taken effect is told so, whatever room there is.
REFUSABLE = frozenset({"GET", "HEAD"})


class InFlight:
    """The room of one process. No request may take more than half of what the others leave, so that large ones, however
    many, always leave room for smaller ones."""

    def __init__(self) -> None:
        self._used = 0
        self._lock = Lock()

    def share(self) -> "Share":
        """The share of one request: a context manager."""
        return Share(self)

    def move(self, held: int, wanted: int) -> bool:
        """Make a share of `held` bytes one of `wanted`; whether there is room."""
        with self._lock:
            others = self._used - held
            if wanted > held and 2 * wanted > nova_conf().max_bytes_in_flight - others:
                return False
            self._used = others + wanted
            return True


class Share:
    """What one request takes of the room; given back when it is over."""

    def __init__(self, room: InFlight) -> None:
        self._room = room
        self._held = 0

    def hold(self, size: int) -> bool:
        """Take so many bytes more; whether there is room."""
        if size <= SMALL:
            return True
        if not self._room.move(self._held, self._held + size):
            return False
        self._held += size
        return True

    def __enter__(self) -> Self:
        current_share.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._room.move(self._held, 0)
        self._held = 0
        current_share.set(None)


current_share: ContextVar[Share | None] = ContextVar("current_share", default=None)
"""That of the request that is being answered; none where no server is, as in tests of views."""


class InFlightMiddleware:
    """Answers 503 in place of a large answer for which there is no room now."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        response = self._get_response(request)
        share = current_share.get()
        if share is None or not isinstance(response, HttpResponse) or share.hold(len(response.content)):
            return response
        return problem_answer(Overloaded()) if request.method in REFUSABLE else response
