"""Projection: a read model's event types, effect and version; and the registry of all of them.

A projection turns events into tables. It is a small class that knows the event types it handles, its tables and how an
event changes them; reading the log, transactions, checkpoints and failures are the engine's.
"""

from collections.abc import Sequence
from typing import ClassVar

from django.db.models import Model

from events.envelope import RecordedEvent
from projections.arguments import arguments
from projections.exceptions import UnknownProjection


class Projection:
    """Base of all projections. Override `apply`, or `apply_batch` where many events at once are cheaper.

    Both are called inside the transaction that also moves the checkpoint: they write to the database and nowhere else,
    so that an event that is applied again after a crash finds no trace of the first time. They raise when an event
    cannot be applied; the engine then holds the projection there.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    """Raise it when events mean something else than before: what serves then stays as it is until a rebuild's swap."""
    event_types: ClassVar[frozenset[str]]
    models: ClassVar[tuple[type[Model], ...]]
    """The tables that belong to this projection alone; a rebuild fills others of the same definition.

    Statements name them without a schema, so that they mean those which are being filled.
    """

    def apply(self, event: RecordedEvent) -> None:
        """Change the tables as one event says."""
        raise NotImplementedError

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        """Change the tables as the events say, which come in the order of the log."""
        for event in events:
            self.apply(event)

    def on_applied(self, events: Sequence[RecordedEvent]) -> None:
        """Have the effects that are not rows of the projection's own tables, after events are in those.

        It is called in the same transaction, and never while a rebuild applies the same events once more.
        """


MAX_NAME = 100
_projections: dict[str, Projection] = {}


def register_projections(*projections: Projection) -> None:
    """Make projections known to the engine; the composition does so at start. `ValueError` for a name taken twice."""
    for projection in projections:
        arguments.text("name", projection.name, least=1, most=MAX_NAME)
        if _projections.setdefault(projection.name, projection) is not projection:
            raise ValueError(f"projection {projection.name!r} is registered twice")


def registered_projections() -> tuple[Projection, ...]:
    """All projections, in the order of their registration."""
    return tuple(_projections.values())


def projection_named(name: str) -> Projection:
    """The projection of that name. Raises `UnknownProjection`."""
    try:
        return _projections[name]
    except KeyError:
        raise UnknownProjection(name) from None
