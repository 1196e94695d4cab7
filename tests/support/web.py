"""Web server: a real one in a process of its own, for what only shows between a socket and Django."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from nova.local.processes.ports import LOOPBACK, free_port
from nova.rest.tokens import SCOPES, create_token
from tests.support.outbox import eventually, url_of_test_database

ROOT = Path(__file__).parents[2]


class Answer:
    """What came back."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status_code = response.status
        self.headers = response.headers
        self.content = response.read()

    def json(self) -> Any:
        """The body."""
        return json.loads(self.content)


class WebServer:
    """A server that listens on a port, and a token that has all scopes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._token, _ = create_token("caller", scopes=SCOPES)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{LOOPBACK}:{self._port}"

    def ask(self, method: str, target: str, body: Any = None) -> Answer:
        """Send a request for just this target, on a connection of its own."""
        connection = HTTPConnection(LOOPBACK, self._port, timeout=60)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            connection.request(method, target, None if body is None else json.dumps(body).encode(), headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()


@pytest.fixture
def web(committed_db: None, redis_url: str, tmp_path: Path) -> Iterator[WebServer]:
    """The whole of Nova, served by uvicorn as `manage.py up` does it."""
    port = free_port()
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "nova.settings.local",
        "DATABASE_URL": url_of_test_database(),
        "REDIS_URL": redis_url,
    }
    command = ("-m", "uvicorn", "nova.asgi:application", "--host", LOOPBACK, "--port", str(port), "--lifespan", "off")
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        eventually(lambda: f":{port}" in log.read_text())
        yield WebServer(port)
    finally:
        process.kill()
        process.wait()
