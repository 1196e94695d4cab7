"""Unit of work: aggregates that are decided about together, each loaded once, and their events in one append."""

from functools import partial
from typing import Any

from django.db import connection, transaction

from events.api import (
    Aggregate,
    NewEvent,
    StreamId,
    StreamWrite,
    append_streams,
    get_events,
    load_aggregate,
    save_snapshot,
)
from kit.sql import statements_of

statement = statements_of("nova.services.requests")

SNAPSHOT_EVERY = 100
"""After so many events since the last one, a snapshot of an aggregate is taken."""
SHORT_STREAM = 20
"""A stream of fewer events is read at once: to look for its snapshot and its cached events would take longer."""


class UnitOfWork:
    """The states of some aggregates, and what happens to them, until all of it is appended. One thread, one try."""

    def __init__(self) -> None:
        self._held: dict[StreamId, _Held] = {}

    def lock(self, aggregate: Aggregate[Any], *aggregate_ids: str) -> None:
        """Keep other units away from these aggregates to the end of the transaction.

        To be called once for each kind of aggregate, in the same order of kinds everywhere: within a kind, aggregates
        are taken in the order of their names, so that no two units wait for each other.
        """
        names = sorted({str(StreamId(aggregate.name, aggregate_id)) for aggregate_id in aggregate_ids})
        if not names:
            return
        with connection.cursor() as cursor:
            cursor.execute(statement("lock_streams"), {"streams": names})

    def state(self, aggregate: Aggregate[Any], aggregate_id: str) -> Any:
        """The state of an aggregate, with what has happened to it in this unit."""
        return self._hold(aggregate, aggregate_id).state

    def record(self, aggregate: Aggregate[Any], aggregate_id: str, event: NewEvent) -> None:
        """Let something happen to an aggregate."""
        held = self._hold(aggregate, aggregate_id)
        held.events.append(event)
        held.state = aggregate.evolve(held.state, event.payload)

    def append(self) -> None:
        """Append everything at once. Raises `VersionConflict` when somebody else has appended to one of the streams."""
        changed = sorted((held for held in self._held.values() if held.events), key=lambda held: str(held.stream))
        append_streams(
            [StreamWrite(stream=one.stream, events=one.events, expected_version=one.version) for one in changed]
        )
        for one in changed:
            if one.folded + len(one.events) >= SNAPSHOT_EVERY:
                # Only what is committed may be kept; a snapshot that cannot be taken is taken the next time.
                save = partial(
                    save_snapshot,
                    one.aggregate,
                    one.stream.aggregate_id,
                    one.version + len(one.events),
                    one.state,
                )
                transaction.on_commit(save, robust=True)

    def _hold(self, aggregate: Aggregate[Any], aggregate_id: str) -> "_Held":
        stream = StreamId(aggregate.name, aggregate_id)
        if stream not in self._held:
            self._held[stream] = _Held(aggregate, stream)
        return self._held[stream]


class _Held:
    """An aggregate in hand: as it was loaded, and what has happened since."""

    def __init__(self, aggregate: Aggregate[Any], stream: StreamId) -> None:
        self.aggregate = aggregate
        self.stream = stream
        self.events: list[NewEvent] = []
        beginning = get_events(stream, limit=SHORT_STREAM, whole=True)
        if len(beginning) < SHORT_STREAM:
            self.version = self.folded = len(beginning)
            self.state: Any = aggregate.fold_recorded(aggregate.initial, beginning)
        else:
            loaded = load_aggregate(aggregate, stream.aggregate_id)
            self.version, self.folded, self.state = loaded.version, loaded.folded, loaded.state
