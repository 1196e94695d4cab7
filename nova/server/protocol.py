"""HTTP protocol with timeouts: a connection is closed whose client does not send a request's head, or take its answer.

uvicorn itself waits for ever for either, and takes a head of any length with this parser, which is written in C. How
long a body may take is the ASGI handler's to say (`nova.server.handler`).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from nova.conf import nova_conf
from nova.server.streams import end_streams

MAX_HEAD = 64 * 1024
"""Bytes of a request's head."""
TOO_LONG = f"The head of a request has at most {MAX_HEAD} bytes."


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, which gives a client `NOVA_CLIENT_TIMEOUT` seconds for each of its turns.

    A connection that is idle between two requests is uvicorn's to close (`--timeout-keep-alive`).
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._until_head: asyncio.TimerHandle | None = None
        self._until_taken: asyncio.TimerHandle | None = None
        self._unparsed = 0
        self._head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request's head."""
        super().connection_made(transport)
        self._until_head = self._abort_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._head_has_come()
        self._answer_is_taken()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Finish what is in flight; streams have no end of their own."""
        end_streams()
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Take what has come: part of a head, for the rest of which there is a time, or of what follows it."""
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response(TOO_LONG)
        if self.cycle is not None and not self.cycle.response_complete:
            self._head_has_come()
        elif self._until_head is None and not self.transport.is_closing():
            self._until_head = self._abort_later()

    def on_message_begin(self) -> None:
        """Count the head's bytes anew."""
        super().on_message_begin()
        self._head = 0

    def on_headers_complete(self) -> None:
        """Answer. What comes from now on is the body."""
        self._unparsed = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take part of the body, or throw it away where the request is answered already."""
        self._unparsed = 0
        super().on_body(body)

    def on_url(self, url: bytes) -> None:
        """Take part of the address."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(name, value)
        super().on_header(name, value)

    def pause_writing(self) -> None:
        """Wait until the client takes what lies in the buffer, and no longer than it may take for that."""
        super().pause_writing()
        self._until_taken = self._until_taken or self._abort_later()

    def resume_writing(self) -> None:
        """The client has taken it."""
        self._answer_is_taken()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Wait for the last of the answer to be taken, where the connection ends with it."""
        super().on_response_complete()
        self._finish()

    def timeout_keep_alive_handler(self) -> None:
        """Close the idle connection, also if the client does not take the last of an answer."""
        super().timeout_keep_alive_handler()
        self._finish()

    def _finish(self) -> None:
        # A transport that is closed waits until its buffer is empty, which may be for ever.
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._until_taken = self._until_taken or self._abort_later()

    def _count(self, *parts: bytes) -> None:
        self._head += sum(map(len, parts))
        if self._head > MAX_HEAD:
            # The parser gives it to uvicorn as what it is: no request that can be answered.
            raise ValueError(TOO_LONG)

    def _abort_later(self) -> asyncio.TimerHandle:
        return self.loop.call_later(nova_conf().client_timeout, self.transport.abort)

    def _head_has_come(self) -> None:
        if self._until_head is not None:
            self._until_head.cancel()
            self._until_head = None

    def _answer_is_taken(self) -> None:
        if self._until_taken is not None:
            self._until_taken.cancel()
            self._until_taken = None
