"""Conflicts: why the store refused a batch, looked up afterwards, so that the usual append pays nothing for it.

Repetition is decided before all else: whoever repeats an append gets its first answer, although the stream has gone on
or was closed.
"""

from collections.abc import Sequence

from events.envelope import Appended, Expected, RecordedEvent, StreamId, StreamWrite
from events.exceptions import AggregateNotFound, EventIdConflict, StreamTombstoned, VersionConflict
from events.sql.statements import statement
from events.store.connection import live_cursor
from events.store.idempotency import says_the_same
from events.store.prepared import PreparedEvent
from events.store.reading.queries import get_events_by_id, stream_version


def first_answers(
    writes: Sequence[StreamWrite], prepared: Sequence[Sequence[PreparedEvent]], *, using: str
) -> list[Appended] | None:
    """The answers of the first time, or `None` when none of the event ids is in use.

    Raises `EventIdConflict` when some are, but not all of them with this content in this order.
    """
    asked_for = [event.envelope.event_id for events in prepared for event in events]
    recorded = {event.event_id: event for event in get_events_by_id(asked_for, using=using)}
    if not recorded:
        return None
    conflicting = [
        event_id
        for events in prepared
        for event in events
        if (event_id := event.envelope.event_id) in recorded and not says_the_same(event, recorded[event_id])
    ]
    if conflicting:
        raise EventIdConflict(conflicting)
    if len(recorded) < len(asked_for):
        raise EventIdConflict(list(recorded))
    return [
        _first_answer(write, [recorded[event.envelope.event_id] for event in events])
        for write, events in zip(writes, prepared, strict=True)
    ]


def check_tombstones(writes: Sequence[StreamWrite], *, using: str) -> None:
    """Raise `StreamTombstoned` when one of the streams was closed for ever."""
    parameters = {
        "aggregate_types": [write.stream.aggregate_type for write in writes],
        "aggregate_ids": [write.stream.aggregate_id for write in writes],
    }
    with live_cursor(using) as cursor:
        row = cursor.execute(statement("tombstoned_streams"), parameters).fetchone()
    if row:
        aggregate_type, aggregate_id, since, reason = row
        raise StreamTombstoned(StreamId(aggregate_type, aggregate_id), since=since, reason=reason)


def check_versions(writes: Sequence[StreamWrite], *, using: str) -> None:
    """Raise `VersionConflict` for the first stream that is not at its expected version."""
    for write in writes:
        try:
            actual = stream_version(write.stream, using=using)
        except AggregateNotFound:
            actual = 0
        match write.expected_version:
            case Expected.ANY:
                continue
            case Expected.STREAM_EXISTS:
                refused = actual == 0
            case exact:
                refused = actual != exact
        if refused:
            raise VersionConflict(write.stream, write.expected_version, actual)


def _first_answer(write: StreamWrite, events: Sequence[RecordedEvent]) -> Appended:
    versions = [event.version for event in events]
    if versions != list(range(versions[0], versions[0] + len(versions))):
        raise EventIdConflict([event.event_id for event in events])
    return Appended(
        stream=write.stream,
        first_version=versions[0],
        version=versions[-1],
        positions=tuple(event.position for event in events),
        event_ids=tuple(event.event_id for event in events),
        replayed=True,
    )
