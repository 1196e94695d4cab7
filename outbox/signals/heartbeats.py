"""Heartbeat: a loop says in a row that it still turns, so that a dead or stuck one cannot look alive."""

import json
import os
import socket
import time
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from outbox.sql.statements import statement

# Seconds between two signs of life.
INTERVAL = 2.0

RELAY = "relay"
WORKER = "worker"


def consumer_name(group: str) -> str:
    """The name of a consumer group's sign of life."""
    return f"consumer:{group}"


def runner_name(name: str) -> str:
    """The name of a hosted runner's sign of life."""
    return f"runner:{name}"


def beat(connection: BaseDatabaseWrapper, name: str, **detail: Any) -> None:
    """Record a sign of life."""
    document = json.dumps(detail)
    with connection.cursor() as cursor:
        cursor.execute(
            statement("heartbeat"),
            {"name": name, "host": socket.gethostname(), "pid": os.getpid(), "detail": document},
        )


class Pulse:
    """A sign of life that is due every two seconds. The loop calls it as often as it likes.

    The first one is due after two seconds, so that a loop that breaks down and is started again and again is silent.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._due = time.monotonic() + INTERVAL

    @property
    def is_due(self) -> bool:
        """Whether it is time; who needs a while to find out the detail asks first."""
        return time.monotonic() >= self._due

    def beat(self, connection: BaseDatabaseWrapper, **detail: Any) -> None:
        """Record it if it is due."""
        now = time.monotonic()
        if now >= self._due:
            beat(connection, self._name, **detail)
            self._due = now + INTERVAL
