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
    payload: str
    """The JSON text as it was stored."""
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


def pending_columns() -> str:
    """The columns of `OutboxRow`, those that are not numbers as text."""
    return ", ".join(field.name if field.type is int else f"{field.name}::text" for field in fields(OutboxRow))
