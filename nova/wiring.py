"""Wiring: the one place that connects the event store with what happens in the transaction that appends."""

from events.api import set_on_append
from outbox.api import record


def connect() -> None:
    """Let every append write its outbox rows; called once, when all apps are loaded."""
    set_on_append(record)
