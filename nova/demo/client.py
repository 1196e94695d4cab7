"""How does a client of Nova's REST API speak to it? Over one connection that is kept open, with a bearer token."""

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

    def append(
        self, aggregate_type: str, aggregate_id: str, events: list[dict[str, Any]], *, expected_version: int | None
    ) -> dict[str, Any]:
        """Append events to a stream."""
        headers = {} if expected_version is None else {"If-Match": f'"{expected_version}"'}
        path = f"/api/v1/streams/{quote(aggregate_type)}/{quote(aggregate_id)}/events"
        answer: dict[str, Any] = self._request("POST", path, body=events, headers=headers)
        return answer

    def get(self, path: str, **parameters: Any) -> Any:
        """A resource below `/api/v1/`."""
        return self._request("GET", f"/api/v1/{path}{'?' + urlencode(parameters) if parameters else ''}")

    def _request(self, method: str, path: str, *, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        sent = json.dumps(body) if body is not None else None
        common = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        began = time.perf_counter()
        self._connection.request(method, path, body=sent, headers=common | (headers or {}))
        response = self._connection.getresponse()
        text = response.read().decode()
        self.seconds = time.perf_counter() - began
        if response.status >= 400:
            raise DemoError(f"{method} {path} was answered with {response.status}: {text[:500]}")
        return json.loads(text)
