"""Ordinary requests beside slow clients: 300 that ask for 13 MB of events and hardly read, 300 that hardly send a body.

The raw side is the same server without slow clients: its p99 in half of Nova's time beside them is the goal.
"""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks.events import new_event, new_stream
from benchmarks.harness import Measure
from events.api import NewEvent, StreamId, append_events
from nova.local.processes.ports import LOOPBACK, free_port
from nova.rest.tokens import create_token
from nova.services.content.events import ContentPostCreated

CLIENTS = 300
"""Of each kind."""
EVENTS, EVENT_BYTES = 1_000, 13_000
REQUESTS = 600
SETTLED_TIMEOUT = 120.0
"""Seconds within which all slow readers must have been answered somehow."""
TICK = 0.5
"""Seconds between two bytes of a slow client."""
COME_BACK = 10.0
"""Seconds after which a client that was refused comes back, as `Retry-After` says."""
JSON = "application/json"


class Figures(Struct, frozen=True, kw_only=True):
    """What ordinary requests met with, and the server came to."""

    p99: float
    """Milliseconds."""
    statuses: frozenset[int]
    megabytes: float
    """Most that the server has had resident so far."""


def measures(stack: ExitStack) -> list[Measure]:
    """The one measure; the web server runs until the stack is unwound."""
    web = Web(stack)
    return [
        Measure(
            name="slow_clients_p99",
            unit="ms",
            goal=0.5,
            raw=lambda: web.ordinary().p99,
            nova=lambda: _beside(web).p99,
        )
    ]


def _beside(web: "Web") -> Figures:
    with slow_clients(web):
        figures = web.ordinary()
    print(f"beside {2 * CLIENTS} slow clients: web process at most {figures.megabytes:.0f} MB")
    return figures


class Web:
    """A web server as in production, with a stream of 13 MB, and somebody who may read and append."""

    def __init__(self, stack: ExitStack, **environment: str) -> None:
        self.port = free_port()
        self.stream = new_stream()
        self.token, _ = create_token("benchmark", scopes=["events:read", "events:append"])
        append_events(self.stream, 0, [_large_event() for _ in range(EVENTS)])
        command = [sys.executable, *("-m", "nova.server", "--host", LOOPBACK, "--port", str(self.port))]
        settings = {"DJANGO_SETTINGS_MODULE": "benchmarks.web.settings", "LOG_LEVEL": "ERROR"}
        self.process = stack.enter_context(
            subprocess.Popen([*command, "--log-level", "error"], env={**os.environ, **settings, **environment})
        )
        stack.callback(self.process.terminate)
        while not self._is_there():
            time.sleep(0.1)

    def ordinary(self, requests: int = REQUESTS) -> Figures:
        """Append and read in turn over one connection, as many times as that, and tell how it went."""
        caller = http.client.HTTPConnection(LOOPBACK, self.port, timeout=60)
        seconds, statuses = [], set()
        path = address(new_stream())
        for number in range(requests):
            body = [{"event_type": "content.post.created", "payload": new_event().payload}]
            method, content = ("POST", msgspec.json.encode(body)) if number % 2 == 0 else ("GET", b"")
            began = time.perf_counter()
            caller.request(method, f"{path}?limit=20" if method == "GET" else path, content, self.headers)
            response = caller.getresponse()
            response.read()
            seconds.append(time.perf_counter() - began)
            statuses.add(response.status)
        caller.close()
        return Figures(
            p99=statistics.quantiles(seconds, n=100)[98] * 1_000,
            statuses=frozenset(statuses),
            megabytes=self.megabytes(),
        )

    @property
    def headers(self) -> dict[str, str]:
        """What a caller sends with every request."""
        return {"Authorization": f"Bearer {self.token}", "Content-Type": JSON}

    def megabytes(self) -> float:
        """Most memory that the server has had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1_024

    def _is_there(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"the web server ended with status {self.process.returncode}")
        with suppress(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, self.port)).close()
            return True
        return False


class _Slow:
    """One slow client; it comes again when the server has had enough of it."""

    def __init__(self, port: int, request: bytes, *, sends: bool) -> None:
        self._port = port
        self._request = request
        self._sends = sends
        self._socket: socket.socket | None = None
        self._from = 0.0
        self.answered = False
        """Whether something has come back at least once."""

    def tick(self) -> None:
        """Send or take a little."""
        if self._socket is None:
            if time.monotonic() >= self._from:
                self._connect()
            return
        try:
            if self._sends:
                self._socket.send(b" ")
            read = self._socket.recv(256)
        except BlockingIOError:
            return
        except OSError:
            read = b""
        self.answered = True
        if not read or b" 503 " in read[:16] or self._sends:
            self.close()
            self._from = time.monotonic() + (COME_BACK if read else 0.0)

    def close(self) -> None:
        """Go."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> None:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect((LOOPBACK, self._port))
        client.sendall(self._request)
        client.setblocking(False)
        self._socket = client


@contextmanager
def slow_clients(web: Web, *, count: int = CLIENTS, writers: bool = True) -> Iterator[None]:
    """So many of each kind, once all readers have been answered: with the beginning of their page, or with a 503."""
    head = f"Host: localhost\r\nAuthorization: Bearer {web.token}\r\nContent-Type: {JSON}\r\n"
    read = f"GET {address(web.stream)}?limit={EVENTS} HTTP/1.1\r\n{head}\r\n".encode()
    write = f"POST {address(web.stream)} HTTP/1.1\r\n{head}Content-Length: 1000000\r\n\r\n[".encode()
    readers = [_Slow(web.port, read, sends=False) for _ in range(count)]
    clients = [*readers, *(_Slow(web.port, write, sends=True) for _ in range(count if writers else 0))]
    over = threading.Event()

    def keep_on() -> None:
        while not over.wait(TICK):
            for client in clients:
                client.tick()

    thread = threading.Thread(target=keep_on)
    thread.start()
    try:
        deadline = time.monotonic() + SETTLED_TIMEOUT
        while not all(reader.answered for reader in readers):
            if time.monotonic() > deadline:
                raise TimeoutError("some slow readers were not answered at all")
            time.sleep(0.1)
        yield
    finally:
        over.set()
        thread.join()
        for client in clients:
            client.close()


def address(stream: StreamId) -> str:
    """Where a stream's events are."""
    return f"/api/v1/streams/{stream.aggregate_type}/{stream.aggregate_id}/events"


def _large_event() -> NewEvent:
    event = new_event()
    assert isinstance(event.payload, ContentPostCreated)
    words = "lorem ipsum dolor " * (EVENT_BYTES // 18)
    return msgspec.structs.replace(event, payload=msgspec.structs.replace(event.payload, caption=words))
