"""Encoding: an outbox row as a message. The body is the payload and nothing else; all about it stands in headers.

Headers bear Nova's own names, or those of CloudEvents 1.0 in binary mode, as the settings want it
(cloudevents/bindings/kafka-protocol-binding.md of its specification).
"""

from collections.abc import Iterable, Mapping
from functools import cache

from msgspec.structs import fields

from outbox.bus.base import OutgoingMessage
from outbox.conf import outbox_conf
from outbox.sql.rows import OutboxRow

CONTENT_TYPE = b"application/json"

_ATTRIBUTES: Mapping[str, str] = {
    "event_type": "ce_type",
    "event_id": "ce_id",
    "aggregate_id": "ce_subject",
    "source_service": "ce_source",
    "timestamp": "ce_time",
    "content-type": "content-type",
}
"""The attributes of CloudEvents itself; all others are extensions of Nova, under the header's own name."""


@cache
def cloud_events_name(header: str) -> str:
    """The name of one of Nova's headers in a CloudEvent."""
    return _ATTRIBUTES.get(header) or "ce_" + header.replace("_", "")


_OPTIONAL = tuple(field.name for field in fields(OutboxRow) if field.type == str | None and field.name != "payload")
"""The headers that a message has only where the event says something."""


def to_message(row: OutboxRow) -> OutgoingMessage:
    """The message of an outbox row that has a payload: a body that is null would delete what the key stands for."""
    assert row.payload is not None  # noqa: S101 - the relay takes out what has none
    headers = [
        ("event_type", row.event_type.encode()),
        ("event_id", row.event_id.encode()),
        ("aggregate_type", row.aggregate_type.encode()),
        ("aggregate_id", row.aggregate_id.encode()),
        ("version", b"%d" % row.version),
        ("schema_version", b"%d" % row.schema_version),
        ("content-type", CONTENT_TYPE),
        ("source_service", row.source_service.encode()),
        ("timestamp", row.happened_at.encode()),
    ]
    headers += [(name, value.encode()) for name in _OPTIONAL if (value := getattr(row, name)) is not None]
    if outbox_conf().message_format == "cloudevents":
        headers = _as_cloud_event(headers, row)
    return OutgoingMessage(
        topic=row.topic, key=row.partition_key.encode(), body=row.payload.encode(), headers=tuple(headers)
    )


def _as_cloud_event(headers: Iterable[tuple[str, bytes]], row: OutboxRow) -> list[tuple[str, bytes]]:
    translated = {cloud_events_name(name): value for name, value in headers}
    # A reference to a URI, by the specification: a bare name would be read relative to who knows what.
    translated["ce_source"] = b"/" + row.source_service.encode()
    return [
        ("ce_specversion", b"1.0"),
        *translated.items(),
        ("ce_dataschema", f"urn:nova:event-schema:{row.event_type}:{row.schema_version}".encode()),
        ("ce_partitionkey", row.partition_key.encode()),
    ]
