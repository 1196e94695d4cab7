"""ASGI handler: hands a request to Django in one hop to a thread, with a body of bounded size that comes in time.

Django's own handler makes a thread for each request and goes there several times, ignores bodies that come in chunks
without a length, stores bodies of any size before it looks at them, waits for ever for those that do not come, keeps
database connections while clients read, and answers what it cannot decode without a document.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import closing
from typing import IO, Any, cast

from django.conf import settings
from django.core.exceptions import RequestAborted, RequestDataTooBig
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections, reset_queries
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from nova.conf import nova_conf
from nova.exceptions import BodyTooSlow, Overloaded
from nova.rest.rules import UNREADABLE, apply_rule, problem_answer
from nova.server.in_flight import SMALL, InFlight, current_share
from nova.server.threads import RequestThreads

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

# Why no more of a body is read.
BODY_REFUSED = (RequestDataTooBig, BodyTooSlow, Overloaded)
# What an answer was made of, by REST framework and by Django's templates.
INGREDIENTS = ("data", "renderer_context", "context_data")


class NovaASGIHandler(ASGIHandler):
    """Django's ASGI handler with a synchronous chain of middleware inside, in threads that live on."""

    def __init__(self) -> None:
        super().__init__()
        # The handler gives connections back itself, at the end of each request.
        request_started.disconnect(reset_queries)
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        self._in_flight = InFlight()
        self._threads = RequestThreads()

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001 - Django's signature
        """Build the chain as WSGI has it."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request. What still comes of a body that was refused is thrown away by the server."""
        with self._in_flight.share():
            try:
                _check_size(_announced(scope))
                body = await self.read_body(receive)
            except BODY_REFUSED as refused:
                await self.send_response(problem_answer(refused), send)
            except RequestAborted:
                return
            else:
                with closing(body):
                    response = await self._threads.run(scope["path"], self._respond, scope, body)
                    await self._send(scope["path"], response, receive, send)

    async def read_body(self, receive: Receive) -> IO[bytes]:
        """The body, on disk beyond a few megabytes. Raises one of `BODY_REFUSED` as soon as it is too large or slow."""
        body = tempfile.SpooledTemporaryFile(max_size=settings.FILE_UPLOAD_MAX_MEMORY_SIZE)  # noqa: SIM115
        try:
            async with asyncio.timeout(nova_conf().client_timeout) as patience:
                await _fill(body, receive, patience)
        except TimeoutError:
            body.close()
            raise BodyTooSlow from None
        except BaseException:
            body.close()
            raise
        body.seek(0)
        return cast("IO[bytes]", body)

    def create_request(
        self, scope: Scope, body_file: IO[bytes]
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponse]:
        """The request, or the problem document of one that cannot be understood."""
        size = body_file.seek(0, 2)
        body_file.seek(0)
        try:
            request = ASGIRequest(scope, body_file)
        except (ValueError, LookupError):
            # Text that is not UTF-8, a charset that Python does not know.
            return None, apply_rule(UNREADABLE).response()
        request.META["CONTENT_LENGTH"] = str(size)
        return request, None

    def _respond(self, scope: dict[str, Any], body: IO[bytes]) -> HttpResponseBase:
        """The answer, which keeps nothing but itself while the client reads it: neither a connection nor its data."""
        try:
            set_script_prefix(scope.get("root_path", "") + "/")
            request_started.send(sender=type(self), scope=scope)
            request, refusal = self.create_request(scope, body)
            response: Any = refusal if request is None else self.get_response(request)
            # The sender of the signal when it is closed.
            response._handler_class = type(self)  # noqa: SLF001
            if not response.streaming:
                response.close()
        finally:
            _give_connections_back()
        for name in INGREDIENTS:
            response.__dict__.pop(name, None)
        return cast("HttpResponseBase", response)

    async def _send(self, path: str, response: HttpResponseBase, receive: Receive, send: Send) -> None:
        if not isinstance(response, StreamingHttpResponse):
            await self.send_response(response, send)
            return
        if not response.is_async:
            response.streaming_content = self._in_thread(path, cast("Iterator[bytes]", response.streaming_content))
        try:
            await _while_connected(receive, self.send_response(response, send))
        finally:
            await self._threads.run(path, _close, response)

    async def _in_thread(self, path: str, parts: Iterator[bytes]) -> AsyncIterator[bytes]:
        # A file, piece by piece: Django would read it into memory as a whole, and warn.
        def next_part() -> bytes | None:
            try:
                return next(parts, None)
            finally:
                _give_connections_back()

        while (part := await self._threads.run(path, next_part)) is not None:
            yield part


async def _while_connected(receive: Receive, sending: Coroutine[Any, Any, None]) -> None:
    """Send until all is sent, or the client has gone."""
    sent, gone = asyncio.ensure_future(sending), asyncio.ensure_future(receive())
    try:
        await asyncio.wait((sent, gone), return_when=asyncio.FIRST_COMPLETED)
        if sent.done():
            sent.result()
    finally:
        for task in (sent, gone):
            task.cancel()
        await asyncio.gather(sent, gone, return_exceptions=True)


def _close(response: HttpResponseBase) -> None:
    try:
        response.close()
    finally:
        _give_connections_back()


async def _fill(body: IO[bytes], receive: Receive, patience: asyncio.Timeout) -> None:
    share, size, counted = current_share.get(), 0, 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        chunk = message.get("body", b"")
        size += len(chunk)
        _check_size(size)
        body.write(chunk)
        if size - counted > SMALL:
            if share is not None and not share.hold(size - counted):
                raise Overloaded
            counted = size
            patience.reschedule(asyncio.get_running_loop().time() + nova_conf().client_timeout)
        more = message.get("more_body", False)


def _check_size(size: int) -> None:
    most = nova_conf().max_body_bytes
    if most is not None and size > most:
        raise RequestDataTooBig


def _announced(scope: Scope) -> int:
    """Bytes of the body as the client announces them; 0 where it does not."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    # Of a number with more digits than that, the first will do: it is too large in any case.
    return int(length[:18]) if length.isdigit() else 0


def _give_connections_back() -> None:
    """End this thread's use of the database; nobody but the request has used the thread."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
