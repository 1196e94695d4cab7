"""Rows of the outbox as a relay reads them: what `pending.sql` returns."""

from msgspec import Struct
from msgspec.structs import fields


class OutboxRow(Struct, frozen=True, gc=False):
    """A row of the outbox as `pending.sql` returns it, in the order of its columns."""

    id: int
    event_id: str
    aggregate_type: str
    aggregate_id: str
    version: int
    event_type: str
    schema_version: int
    source_service: str
    topic: str
    partition_key: str
    payload: str | None
    """The JSON text as it was stored, in the row or in the log; None when it is in neither."""
    correlation_id: str | None
    causation_id: str | None
    user_id: str | None
    traceparent: str | None
    """W3C trace context of the append."""
    happened_at: str
    """When it happened (RFC 3339, UTC)."""
    retry_count: int
    clock: str | None = None
    """Lamport clock; see `events.clock`."""


COMPUTED = ("payload", "traceparent", "happened_at", "clock")
"""The fields that are no columns of the row, or not always."""


def taken_columns() -> str:
    """The columns of `OutboxRow` that are the row's own."""
    return ", ".join(field.name for field in fields(OutboxRow) if field.name not in COMPUTED)


def pending_columns() -> str:
    """The columns of `OutboxRow`, those that are not numbers as text."""
    return ", ".join(field.name if field.type is int else f"{field.name}::text" for field in fields(OutboxRow))
