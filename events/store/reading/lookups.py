"""Look-ups in the log that give figures and ids instead of whole events."""

from collections.abc import Collection, Mapping
from uuid import UUID

from events.arguments import arguments
from events.envelope import StreamId
from events.sql.statements import statement
from events.store.connection import live_cursor


def log_backlog(after: int, event_types: Collection[str], *, using: str = "default") -> tuple[int, float]:
    """How many events of these types stand after a position, and the seconds since the oldest of them was recorded.

    The seconds are 0 when there is none. Events that readers still have to wait for are counted.
    """
    arguments.number("after", after)
    arguments.texts("event_types", event_types)
    with live_cursor(using) as cursor:
        row = cursor.execute(
            statement("log_backlog"), {"position": after, "event_types": sorted(event_types)}
        ).fetchone()
    return row or (0, 0.0)


def preceding_positions(
    versions: Mapping[StreamId, int], event_types: Collection[str], *, using: str = "default"
) -> dict[StreamId, int]:
    """By stream, the position of the last event of these types before a version; streams without any are left out."""
    with live_cursor(using) as cursor:
        rows = cursor.execute(
            statement("preceding_positions"),
            {
                "aggregate_types": [stream.aggregate_type for stream in versions],
                "aggregate_ids": [stream.aggregate_id for stream in versions],
                "versions": list(versions.values()),
                "event_types": sorted(event_types),
            },
        ).fetchall()
    return {StreamId(aggregate_type, aggregate_id): position for aggregate_type, aggregate_id, position in rows}


def unknown_event_ids(event_ids: Collection[UUID], *, using: str = "default") -> set[UUID]:
    """Those of the ids that no event of the log has."""
    for event_id in event_ids:
        arguments.uuid("event_ids", event_id)
    with live_cursor(using) as cursor:
        rows = cursor.execute(statement("unknown_event_ids"), {"event_ids": list(event_ids)}).fetchall()
    return {event_id for (event_id,) in rows}


def aggregate_types(*, using: str = "default") -> set[str]:
    """The aggregate types that the log has events of."""
    with live_cursor(using) as cursor:
        rows = cursor.execute(statement("aggregate_types")).fetchall()
    return {aggregate_type for (aggregate_type,) in rows}


def latest_event_ids(aggregate_id: str, limit: int, *, using: str = "default") -> list[UUID]:
    """The latest events of all aggregates with this id, whatever their types, newest first."""
    arguments.text("aggregate_id", aggregate_id)
    arguments.limit(limit)
    with live_cursor(using) as cursor:
        rows = cursor.execute(
            statement("event_ids_of_aggregate"), {"aggregate_id": aggregate_id, "limit": limit}
        ).fetchall()
    return [event_id for (event_id,) in rows]
