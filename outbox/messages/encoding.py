"""Encoding: an outbox row as a message. The body is the payload and nothing else; all about it stands in headers.

Headers bear Nova's own names, or those of CloudEvents 1.0 in binary mode, as the settings want it
(cloudevents/bindings/kafka-protocol-binding.md of its specification).
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from outbox.bus.base import OutgoingMessage
from outbox.conf import outbox_conf

CONTENT_TYPE = b"application/json"

CLOUD_EVENTS: Mapping[str, str] = {
    "event_type": "ce_type",
    "event_id": "ce_id",
    "aggregate_type": "ce_aggregatetype",
    "aggregate_id": "ce_subject",
    "version": "ce_version",
    "schema_version": "ce_schemaversion",
    "source_service": "ce_source",
    "timestamp": "ce_time",
    "correlation_id": "ce_correlationid",
    "causation_id": "ce_causationid",
    "user_id": "ce_userid",
    "traceparent": "ce_traceparent",
    "clock": "ce_clock",
}
"""The attribute of CloudEvents that a header of Nova is. `content-type` is the same in both."""


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
    traceparent: str | None
    """W3C trace context of the append."""
    correlation_id: str | None
    causation_id: str | None
    user_id: str | None
    timestamp: str
    """When it happened (RFC 3339, UTC)."""
    retry_count: int
    clock: str | None = None
    """Lamport clock; see `events.clock`."""


def to_message(row: OutboxRow) -> OutgoingMessage:
    """The message of an outbox row."""
    headers = [
        ("event_type", row.event_type.encode()),
        ("event_id", row.event_id.encode()),
        ("aggregate_type", row.aggregate_type.encode()),
        ("aggregate_id", row.aggregate_id.encode()),
        ("version", b"%d" % row.version),
        ("schema_version", b"%d" % row.schema_version),
        ("content-type", CONTENT_TYPE),
        ("source_service", row.source_service.encode()),
        ("timestamp", row.timestamp.encode()),
    ]
    for name, value in (
        ("correlation_id", row.correlation_id),
        ("causation_id", row.causation_id),
        ("user_id", row.user_id),
        ("traceparent", row.traceparent),
        ("clock", row.clock),
    ):
        if value is not None:
            headers.append((name, value.encode()))
    if outbox_conf().message_format == "cloudevents":
        headers = _as_cloud_event(headers, row)
    return OutgoingMessage(
        topic=row.topic, key=row.partition_key.encode(), body=row.payload.encode(), headers=tuple(headers)
    )


def _as_cloud_event(headers: Iterable[tuple[str, bytes]], row: OutboxRow) -> list[tuple[str, bytes]]:
    translated = {CLOUD_EVENTS.get(name, name): value for name, value in headers}
    # A reference to a URI, by the specification: a bare name would be read relative to who knows what.
    translated["ce_source"] = b"/" + row.source_service.encode()
    return [
        ("ce_specversion", b"1.0"),
        *translated.items(),
        ("ce_dataschema", f"urn:nova:event-schema:{row.event_type}:{row.schema_version}".encode()),
        ("ce_partitionkey", row.partition_key.encode()),
    ]
