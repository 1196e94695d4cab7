"""Projection: a read model's event types, effect and version.

A projection turns events into tables. It is a small class that knows the event types it handles, its tables and how an
event changes them; reading the log, transactions, checkpoints and failures are the engine's.
"""

from collections.abc import Sequence
from typing import ClassVar

from django.db.models import Model

from events.envelope import RecordedEvent


class Projection:
    """Base of all projections. Override `apply`, or `apply_batch` where many events at once are cheaper.

    Both are called inside the transaction that also moves the checkpoint: they write to the database and nowhere else,
    so that an event that is applied again after a crash finds no trace of the first time. They raise when an event
    cannot be applied; the engine then holds the projection there.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    """Raise it when events mean something else than before; the engine then holds still until a rebuild."""
    event_types: ClassVar[frozenset[str]]
    models: ClassVar[tuple[type[Model], ...]]
    """The tables that belong to this projection alone; a rebuild empties them."""

    def apply(self, event: RecordedEvent) -> None:
        """Change the tables as one event says."""
        raise NotImplementedError

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        """Change the tables as the events say, which come in the order of the log."""
        for event in events:
            self.apply(event)
