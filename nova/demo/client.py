"""Client of Nova's REST API: one connection that is kept open, and a bearer token."""

import http.client
import json
import time
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from nova.demo.exceptions import DemoError

TIMEOUT = 30  # seconds


class Client:
    """A connection to one Nova."""

    def __init__(self, web_url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(web_url).netloc, timeout=TIMEOUT)
        self._token = token
        self.seconds = 0.0
        """How long the last request took."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def execute(
        self, aggregate_type: str, aggregate_id: str, command: str, *, command_id: str, fields: dict[str, Any]
    ) -> dict[str, Any]:
        """Give an aggregate a command; the events that it has brought about are in the answer."""
        path = f"/api/v1/commands/{quote(aggregate_type)}/{quote(command)}"
        body = {"aggregate_id": aggregate_id, "command_id": command_id, **fields}
        answer: dict[str, Any] = self._request("POST", path, body=body)
        return answer

    def get(self, path: str, **parameters: Any) -> Any:
        """A resource below `/api/v1/`."""
        return self._request("GET", f"/api/v1/{path}{'?' + urlencode(parameters) if parameters else ''}")

    def _request(self, method: str, path: str, *, body: Any = None) -> Any:
        sent = json.dumps(body) if body is not None else None
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        began = time.perf_counter()
        self._connection.request(method, path, body=sent, headers=headers)
        response = self._connection.getresponse()
        text = response.read().decode()
        self.seconds = time.perf_counter() - began
        if response.status >= 400:
            raise DemoError(f"{method} {path} was answered with {response.status}: {text[:500]}")
        return json.loads(text)
