"""Append throughput over HTTP: both sides run in the same web server, behind the same middleware."""

import http.client
import os
import subprocess
import sys
import time
from contextlib import ExitStack

import msgspec

from benchmarks.events import new_event, new_stream
from benchmarks.harness import Measure, rate
from nova.local.processes.ports import LOOPBACK, free_port
from nova.rest.tokens import create_token

ONE_BY_ONE = 300
BATCHES, BATCH = 30, 100


def measures(stack: ExitStack) -> list[Measure]:
    """All measures over HTTP; the web server runs until the stack is unwound."""
    client = _client(stack)
    token, _ = create_token("benchmark", scopes=["events:append"])
    return [
        Measure(
            name="rest_append_1",
            unit="events/s",
            goal=0.7,
            raw=lambda: rate(lambda: client.append("/bare/{id}", ONE_BY_ONE, 1)),
            nova=lambda: rate(lambda: client.append("/api/v1/streams/post/{id}/events", ONE_BY_ONE, 1, token)),
        ),
        Measure(
            name="rest_append_100",
            unit="events/s",
            goal=0.8,
            raw=lambda: rate(lambda: client.append("/bare/{id}", BATCHES, BATCH)),
            nova=lambda: rate(lambda: client.append("/api/v1/streams/post/{id}/events", BATCHES, BATCH, token)),
        ),
    ]


class _Client:
    """One client with one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(LOOPBACK, port)

    def await_server(self, server: subprocess.Popen[bytes]) -> None:
        """Wait until it answers."""
        while server.poll() is None:
            try:
                self._connection.request("GET", "/health/live")
                self._connection.getresponse().read()
            except ConnectionRefusedError:
                self._connection.close()
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"the web server ended with status {server.returncode}")

    def append(self, path: str, calls: int, size: int, token: str = "") -> int:
        """Append so many events, `size` a call, each call to a stream of its own; how many there were."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        for _ in range(calls):
            body = [{"event_type": "content.post.created", "payload": new_event().payload} for _ in range(size)]
            self._connection.request(
                "POST", path.format(id=new_stream().aggregate_id), msgspec.json.encode(body), headers
            )
            response = self._connection.getresponse()
            answer = response.read()
            if response.status != http.HTTPStatus.CREATED:
                raise RuntimeError(answer.decode())
        return calls * size


def _client(stack: ExitStack) -> _Client:
    port = free_port()
    command = (
        *("-m", "nova.server", "--host", LOOPBACK, "--port", str(port)),
        *("--log-level", "warning", "--timeout-keep-alive", "600"),
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "benchmarks.settings", "LOG_LEVEL": "ERROR"}
    server = stack.enter_context(subprocess.Popen([sys.executable, *command], env=environment))
    stack.callback(server.terminate)
    client = _Client(port)
    client.await_server(server)
    return client
