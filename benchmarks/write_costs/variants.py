"""Write-cost variants: the log and the outbox as they are but for one part."""

from collections.abc import Sequence

from msgspec import Struct

AS_IT_IS = "as it is"
BY_REFERENCE = "outbox body by reference"
SIZED = {AS_IT_IS, BY_REFERENCE}
"""The variants whose size on disk is told."""
NO_GUARD = "CREATE FUNCTION publish_append_guard() RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT NULL::text'"
NO_TRIGGERS = tuple(
    f"DROP TRIGGER {trigger} ON domain_events"
    for trigger in ("domain_events_append_guard", "domain_events_append_only", "domain_events_drawn_positions")
)
NO_CHECKS = (
    "ALTER TABLE domain_events DROP CONSTRAINT domain_events_one_payload",
    "ALTER TABLE domain_events DROP CONSTRAINT domain_events_version_from_1",
    "ALTER TABLE outbox_events DROP CONSTRAINT outbox_events_done_rows_hold_nothing",
)


class IndexOn(Struct, frozen=True):
    """An index by its table and columns: that of a copied table has another name."""

    table: str
    columns: str


class Variant(Struct, frozen=True, kw_only=True):
    """How a schema's tables, or appends to them, differ from the real ones."""

    name: str
    """Beginning with `without` for a part that is left out: it costs what the real tables cost more."""
    lacks: Sequence[IndexOn] = ()
    """Indexes that are dropped."""
    changes: Sequence[str] = ()
    """Statements that are run in the schema."""
    by_reference: bool = False
    has_outbox: bool = True
    has_hash: bool = True


TYPE = IndexOn("domain_events", "event_type, position")
TIMESTAMP = IndexOn("domain_events", "timestamp, position")
CORRELATION = IndexOn("domain_events", "correlation_id, position")

VARIANTS = (
    Variant(name=AS_IT_IS),
    Variant(name="without idx_events_type", lacks=[TYPE]),
    Variant(name="without idx_events_timestamp", lacks=[TIMESTAMP]),
    Variant(name="without idx_events_correlation", lacks=[CORRELATION]),
    Variant(name="without idx_events_causation", lacks=[IndexOn("domain_events", "causation_id, position")]),
    Variant(name="without idx_events_first", lacks=[IndexOn("domain_events", "aggregate_type, aggregate_id")]),
    Variant(
        name="without idx_events_aggregate",
        lacks=[IndexOn("domain_events", "aggregate_id, aggregate_type, version")],
    ),
    Variant(name="without the log's unique event_id", lacks=[IndexOn("domain_events", "event_id")]),
    Variant(name="without the outbox's unique event_id", lacks=[IndexOn("outbox_events", "event_id")]),
    Variant(name="without idx_outbox_unpublished", lacks=[IndexOn("outbox_events", "position, shard")]),
    Variant(
        name="without outbox_events_holding",
        lacks=[IndexOn("outbox_events", "topic, partition_key, position")],
    ),
    Variant(
        name="timestamp as BRIN",
        lacks=[TIMESTAMP],
        changes=["CREATE INDEX ON domain_events USING brin (timestamp) WITH (autosummarize = on)"],
    ),
    Variant(
        name="correlation as hash",
        lacks=[CORRELATION],
        changes=["CREATE INDEX ON domain_events USING hash (correlation_id)"],
    ),
    Variant(
        name="correlation partial, where something was caused",
        lacks=[CORRELATION],
        changes=["CREATE INDEX ON domain_events (correlation_id, position) WHERE causation_id IS NOT NULL"],
    ),
    Variant(
        name="one more index: user_id, partial",
        changes=[
            "CREATE INDEX ON domain_events (user_id, position) WHERE user_id IS NOT NULL",
        ],
    ),
    Variant(name=BY_REFERENCE, by_reference=True),
    Variant(name="without the outbox row", has_outbox=False),
    Variant(name="without the content hash", has_hash=False),
    Variant(name="without constraints that are checked", changes=NO_CHECKS),
    Variant(name="without triggers", changes=NO_TRIGGERS),
    Variant(name="without triggers and guard", changes=[NO_GUARD, *NO_TRIGGERS]),
    Variant(name="without waiting for the disk", changes=["SET synchronous_commit = off"]),
)
