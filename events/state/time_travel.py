"""Time travel: an aggregate at a version or a time, and what has changed between two versions."""

from datetime import datetime
from typing import Any

from events.aggregates.aggregate import Aggregate
from events.aggregates.difference import FieldDifference, differences
from events.arguments import arguments, check_name
from events.envelope import StreamId
from events.exceptions import AggregateNotFound, VersionNotFound
from events.sql.statements import statement
from events.state.loading import Loaded, load
from events.store.connection import live_cursor
from events.store.reading.queries import stream_version


def state_at_version(
    aggregate: Aggregate[Any], aggregate_id: str, version: int | None = None, *, using: str = "default"
) -> Loaded:
    """The state after the event with that version, the last one by default; 0 is before the first event.

    Raises `AggregateNotFound`, and `VersionNotFound` for a version that the stream has not come to.
    """
    if version is None:
        return load(aggregate, aggregate_id, must_exist=True, using=using)
    stream = StreamId(aggregate.name, aggregate_id)
    actual = stream_version(stream, using=using)
    if not 0 <= version <= actual:
        raise VersionNotFound(stream, version, actual)
    return load(aggregate, aggregate_id, up_to=version, using=using)


def state_at_time(aggregate: Aggregate[Any], aggregate_id: str, at: datetime, *, using: str = "default") -> Loaded:
    """The state when all had happened that happened up to that time: before the first event that happened later.

    It is the time at which things happened that counts, not the one at which they were recorded, so that imported
    history can be travelled too. The version is 0 for a time before the first event. Raises `AggregateNotFound`.
    """
    stream = StreamId(aggregate.name, aggregate_id)
    check_name(stream)
    arguments.time("at", at)
    with live_cursor(using) as cursor:
        row = cursor.execute(
            statement("version_at"),
            {"aggregate_type": stream.aggregate_type, "aggregate_id": stream.aggregate_id, "at": at},
        ).fetchone()
    if row is None or row[0] is None:
        raise AggregateNotFound(stream)
    return load(aggregate, aggregate_id, up_to=row[0], using=using)


def difference(
    aggregate: Aggregate[Any], aggregate_id: str, from_version: int, to_version: int, *, using: str = "default"
) -> list[FieldDifference]:
    """The fields in which two versions differ; backwards too. Raises `AggregateNotFound` and `VersionNotFound`."""
    before = state_at_version(aggregate, aggregate_id, from_version, using=using)
    after = state_at_version(aggregate, aggregate_id, to_version, using=using)
    return differences(before.state, after.state)
