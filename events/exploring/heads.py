"""Event heads: one event without its payload, and the events beside it in its stream, its conversation and the log."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from events.envelope import EventHead
from events.sql.columns import HEAD_COLUMNS
from events.sql.statements import statement
from events.store.connection import live_cursor

_TRACEPARENT_PARTS = 4


class Head(Struct, frozen=True):
    """An event's head with what its metadata tell of the trace that it was appended in."""

    event: EventHead
    trace_id: str | None
    """Of W3C trace context: 32 hexadecimal digits."""


class Neighbours(Struct, frozen=True, kw_only=True):
    """Positions of the events before and after one; None where there is none."""

    previous_in_stream: int | None
    next_in_stream: int | None
    previous_in_correlation: int | None
    next_in_correlation: int | None
    previous_in_log: int | None
    next_in_log: int | None


def head_of_event(event_id: UUID) -> Head | None:
    """The head of the event of that id."""
    return _one("head_of_event", {"event_id": event_id})


def head_at_position(position: int) -> Head | None:
    """The head of the event at that position."""
    return _one("head_at_position", {"position": position})


def neighbours_of(event: EventHead) -> Neighbours:
    """What stands beside an event."""
    with live_cursor() as cursor:
        row = cursor.execute(
            statement("neighbours"),
            {
                "position": event.position,
                "version": event.version,
                "aggregate_type": event.aggregate_type,
                "aggregate_id": event.aggregate_id,
                "correlation_id": event.correlation_id,
            },
        ).fetchone()
    assert row is not None  # noqa: S101 - the statement always has a row
    return Neighbours(**dict(zip(Neighbours.__struct_fields__, row, strict=True)))


def _one(name: str, parameters: dict[str, Any]) -> Head | None:
    with live_cursor() as cursor:
        row = cursor.execute(statement(name), parameters).fetchone()
    if row is None:
        return None
    *columns, traceparent = row
    return Head(EventHead(**dict(zip(HEAD_COLUMNS, columns, strict=True))), _trace_id(traceparent))


def _trace_id(traceparent: str | None) -> str | None:
    parts = (traceparent or "").split("-")
    return parts[1] if len(parts) == _TRACEPARENT_PARTS else None
