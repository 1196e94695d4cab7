"""Envelope columns: the lists of columns that the statements share, taken from the types of `events.envelope`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Raw, Struct
from msgspec.structs import fields

from events.envelope import ENVELOPE_COLUMNS, Envelope, EventHead, RecordedEvent

RECORDED_COLUMNS = (
    *(name for name in RecordedEvent.__struct_fields__ if name != "upcast_from"),
    "encoding",
    "payload_bytes",
)
"""The columns that the reading statements return, in their order."""

HEAD_COLUMNS = EventHead.__struct_fields__
"""The columns that tell of an event without its payload."""

RESIDUAL = """
    (%(event_type)s::text IS NULL OR event_type = %(event_type)s)
    AND (%(aggregate_type)s::text IS NULL OR aggregate_type = %(aggregate_type)s)
    AND (%(aggregate_id)s::text IS NULL OR aggregate_id = %(aggregate_id)s)
    AND (%(user_id)s::text IS NULL OR user_id = %(user_id)s)
    AND (%(source_service)s::text IS NULL OR source_service = %(source_service)s)
    AND (%(correlation_id)s::uuid IS NULL OR correlation_id = %(correlation_id)s)
    AND (%(causation_id)s::uuid IS NULL OR causation_id = %(causation_id)s)
    AND (%(since)s::timestamptz IS NULL OR timestamp >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR timestamp < %(until)s)
"""
"""What an explored event has to fit, whichever index it was found by."""

FITTING = """,
looked AS (
    SELECT
        (SELECT count(*) FROM scanned) AS looked_at,
        (SELECT position FROM scanned ORDER BY position LIMIT 1) AS edge
)
SELECT looked.looked_at, looked.edge, fitting.*
FROM looked
LEFT JOIN LATERAL (
    SELECT {{head}} FROM scanned WHERE {{residual}} ORDER BY position DESC LIMIT %(limit)s
) AS fitting ON true
ORDER BY position DESC
"""
"""The end of a statement that explores. It has `scanned` the newest events `before` and `after` two positions (both
exclusive), at most `scan` of them; of these fit at most `limit`, where each parameter of `RESIDUAL` may be null.

Result: rows (looked_at bigint, edge bigint, head), one at least, without a head where none fits. What is looked at is
counted, so a page ends in time, whatever it looks for.
"""

_TYPES = {UUID: "uuid", str: "varchar", int: "int", datetime: "timestamptz", Raw: "json"}


def typed_envelope() -> str:
    """The envelope's columns with their types, as `json_to_recordset` wants to know them."""
    kinds = {field.name: _without_none(field.type) for field in fields(Envelope)}
    return ", ".join(f"{name} {_TYPES[kinds[name]]}" for name in ENVELOPE_COLUMNS)


def recorded_columns() -> str:
    """The columns of the reading statements, as text what is no number, id or hash.

    Times and JSON are read ten times as fast so. A name has the same type then however many characters its column may
    hold, so that a column that is widened ends no transaction; see `kit.postgresql.sessions`.
    """
    kinds = (datetime, dict[str, Any], Struct, str, str | None)
    as_text = {field.name for field in fields(RecordedEvent) if field.type in kinds} | {"encoding"}
    return ", ".join(f"{name}::text" if name in as_text else name for name in RECORDED_COLUMNS)


def _without_none(annotation: Any) -> Any:
    kinds = [kind for kind in getattr(annotation, "__args__", (annotation,)) if kind is not type(None)]
    return kinds[0]
