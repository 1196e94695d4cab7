"""Clients that append over HTTP without pause, and know what they were told of each event."""

import threading
import time
from email.message import Message
from typing import Any, Self
from uuid import uuid4

from msgspec import Struct

from tests.support.production import Production

PAYLOAD = {"user_id": "u", "caption": "hi", "media_type": "none", "status": "published"}
PAUSE = 0.1
"""Seconds after an append that failed."""
GIVE_UP_AFTER = 180.0
"""Seconds after which a client goes on with the next event."""


class Attempt(Struct, frozen=True, kw_only=True):
    """One request."""

    event_id: str
    began: float
    """Monotonic seconds, as the next."""
    ended: float
    status: int
    """0 where no answer came."""
    headers: Message


class AppendingClients:
    """Some clients, each of which appends one event after the other, and each until it was told that it is there."""

    def __init__(self, nova: Production, token: str, *, clients: int = 4, interval: float = 0.0) -> None:
        """`interval` is the seconds between two events of a client."""
        self._nova = nova
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._interval = interval
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]
        self.attempts: list[Attempt] = []

    @property
    def acknowledged(self) -> set[str]:
        """The events of which a client was told that they are stored."""
        return {attempt.event_id for attempt in list(self.attempts) if attempt.status == 201}

    @property
    def begun(self) -> set[str]:
        """The events that were sent at least once."""
        return {attempt.event_id for attempt in list(self.attempts)}

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        stream = f"/api/v1/streams/post/{uuid4()}/events"
        while not self._over.is_set():
            event_id = str(uuid4())
            give_up_at = time.monotonic() + GIVE_UP_AFTER
            while self._append(stream, event_id).status != 201 and time.monotonic() < give_up_at:
                time.sleep(PAUSE)
            time.sleep(self._interval)

    def _append(self, stream: str, event_id: str) -> Attempt:
        payload: dict[str, Any] = PAYLOAD | {"post_id": event_id, "created_at": "2025-01-15T10:30:00Z"}
        body = [{"event_type": "content.post.created", "event_id": event_id, "payload": payload}]
        began = time.monotonic()
        status, headers = self._nova.ask("POST", stream, body, **self._headers)
        attempt = Attempt(event_id=event_id, began=began, ended=time.monotonic(), status=status, headers=headers)
        self.attempts.append(attempt)
        return attempt
