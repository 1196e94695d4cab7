"""ASGI handler: hands a request to Django in one thread hop, with a body of bounded size.

Django's own handler runs each synchronous middleware in a hop of its own, ignores bodies that come in chunks without
a length, stores bodies of any size before it looks at them, and answers what it cannot decode without a document.
"""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import IO, Any, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from nova.conf import nova_conf
from nova.rest.rules import BODY_TOO_LARGE, UNREADABLE, apply_rule

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class NovaASGIHandler(ASGIHandler):
    """Django's ASGI handler with a synchronous chain of middleware inside."""

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001 - Django's signature
        """Build the chain as WSGI has it; asynchronous views still run on the event loop."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The chain's answer, from the request's own thread."""
        response = await sync_to_async(self.get_response, thread_sensitive=True)(request)
        if isinstance(response, StreamingHttpResponse) and not response.is_async:
            response.streaming_content = _in_thread(cast("Iterator[bytes]", response.streaming_content))
        return response

    async def read_body(self, receive: Receive) -> IO[bytes]:
        """The body, on disk beyond a few megabytes; what is more than allowed is thrown away while it comes."""
        body = tempfile.SpooledTemporaryFile(max_size=settings.FILE_UPLOAD_MAX_MEMORY_SIZE)  # noqa: SIM115
        most, size = nova_conf().max_body_bytes, 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                body.close()
                raise RequestAborted
            chunk = message.get("body", b"")
            # One byte too many stays, so that the size tells what happened.
            body.write(chunk[: max(0, most + 1 - size)] if most is not None else chunk)
            size += len(chunk)
            more = message.get("more_body", False)
        body.seek(0)
        return cast("IO[bytes]", body)

    def create_request(
        self, scope: Scope, body_file: IO[bytes]
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponse]:
        """The request, or the problem document of one that cannot be understood."""
        size = body_file.seek(0, 2)
        body_file.seek(0)
        most = nova_conf().max_body_bytes
        if most is not None and size > most:
            return None, apply_rule(BODY_TOO_LARGE).response()
        try:
            request = ASGIRequest(scope, body_file)
        except (ValueError, LookupError):
            # Text that is not UTF-8, a charset that Python does not know.
            return None, apply_rule(UNREADABLE).response()
        request.META["CONTENT_LENGTH"] = str(size)
        return request, None


async def _in_thread(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    # A file, piece by piece: Django would read it into memory as a whole, and warn.
    while (part := await sync_to_async(lambda: next(parts, None))()) is not None:
        yield part
