"""Append throughput over HTTP: Nova's web server beside a bare view under the fastest server that was found.

Clients write to sockets what a library would: its own work would hide the servers'.
"""

import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.events import new_event, new_stream
from benchmarks.harness import Measure, rate
from benchmarks.web.http_client import exchange
from nova.local.processes.ports import LOOPBACK, free_port
from nova.rest.tokens import create_token

ONE_BY_ONE = 300
BATCHES, BATCH = 30, 100
CLIENTS = 8
CREATED = b"HTTP/1.1 201"
START_TIMEOUT = 60.0
BARE, NOVA = "/bare/{id}", "/api/v1/streams/post/{id}/events"


def measures(stack: ExitStack) -> list[Measure]:
    """All measures over HTTP; the web servers run until the stack is unwound."""
    token, _ = create_token("benchmark", scopes=["events:append"])
    bare, nova = _bare(stack), _nova(stack)

    def measure(name: str, *, goal: float, clients: int, calls: int, size: int) -> Measure:
        return Measure(
            name=name,
            unit="events/s",
            goal=goal,
            raw=lambda: rate(lambda: _append(bare, BARE, clients=clients, calls=calls, size=size)),
            nova=lambda: rate(lambda: _append(nova, NOVA, token, clients=clients, calls=calls, size=size)),
        )

    return [
        measure("rest_append_1", goal=0.7, clients=1, calls=ONE_BY_ONE, size=1),
        measure("rest_append_8_clients", goal=0.7, clients=CLIENTS, calls=ONE_BY_ONE // 2, size=1),
        measure("rest_append_100", goal=0.8, clients=1, calls=BATCHES, size=BATCH),
    ]


def _append(port: int, path: str, token: str = "", *, clients: int, calls: int, size: int) -> int:
    """Append so many events in so many calls of each client, each call to a stream of its own; how many there were."""
    requests = [[_request(path, size, token) for _ in range(calls)] for _ in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda own: _exchange(port, own), requests))
    return clients * calls * size


def _request(path: str, size: int, token: str) -> bytes:
    events = [{"event_type": "content.post.created", "payload": new_event().payload} for _ in range(size)]
    body = msgspec.json.encode(events)
    lines = [
        f"POST {path.format(id=new_stream().aggregate_id)} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *([f"Authorization: Bearer {token}"] if token else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _exchange(port: int, requests: list[bytes]) -> None:
    with socket.create_connection((LOOPBACK, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            answer = exchange(connection, request)
            if not answer.startswith(CREATED):
                raise RuntimeError(answer.decode(errors="replace"))


def _bare(stack: ExitStack) -> int:
    port = free_port()
    command = [
        *(str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--http", "1", "--no-ws"),
        *("--host", LOOPBACK, "--port", str(port), "--blocking-threads", str(CLIENTS), "--no-log"),
        "benchmarks.web.bare_view:application",
    ]
    return _serving(stack, port, command, "benchmarks.web.bare_settings", "/bare/none")


def _nova(stack: ExitStack) -> int:
    port = free_port()
    command = [
        *(sys.executable, "-m", "nova.server", "--host", LOOPBACK, "--port", str(port)),
        *("--log-level", "warning", "--timeout-keep-alive", "600"),
    ]
    return _serving(stack, port, command, "benchmarks.web.settings", "/health/live")


def _serving(stack: ExitStack, port: int, command: list[str], settings: str, path: str) -> int:
    """The port of a web server that answers by now."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": settings, "LOG_LEVEL": "ERROR"}
    server: subprocess.Popen[Any] = stack.enter_context(subprocess.Popen(command, env=environment))
    stack.callback(server.terminate)
    give_up = time.monotonic() + START_TIMEOUT
    while server.poll() is None and time.monotonic() < give_up:
        try:
            with socket.create_connection((LOOPBACK, port)) as connection:
                connection.sendall(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                if connection.recv(1):
                    return port
        except ConnectionError:
            time.sleep(0.1)
    raise RuntimeError(f"the web server does not answer: {server.poll()}")
