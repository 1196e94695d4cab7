"""OpenAPI of what the event store takes and gives."""

from typing import Any

import msgspec

from events.rest.requests import EventBody, MetadataBody, WriteBody
from kit.rest.bodies import ReasonBody

_UUID = {"type": "string", "format": "uuid"}
_TIME = {"type": "string", "format": "date-time"}
_NULLABLE_UUID = {"type": ["string", "null"], "format": "uuid"}


def _schema(struct: type[msgspec.Struct]) -> dict[str, Any]:
    (schema,), components = msgspec.json.schema_components([struct], ref_template="{name}")
    described: dict[str, Any] = components[schema["$ref"]]
    return described


NEW_EVENT = _schema(EventBody)
NEW_EVENTS = {"type": "array", "minItems": 1, "items": NEW_EVENT}
WRITES = {
    "type": "array",
    "minItems": 1,
    "items": _schema(WriteBody) | {"properties": _schema(WriteBody)["properties"] | {"events": NEW_EVENTS}},
}
EVENT = {
    "type": "object",
    "properties": {
        "position": {"type": "integer", "description": "Place in the log of all events; rising, with gaps."},
        "event_id": _UUID,
        "event_type": {"type": "string"},
        "schema_version": {"type": "integer"},
        "source_service": {"type": "string"},
        "aggregate_type": {"type": "string"},
        "aggregate_id": {"type": "string"},
        "version": {"type": "integer", "description": "Place in the stream: 1, 2, 3 … without a gap."},
        "timestamp": _TIME | {"description": "When it happened."},
        "created_at": _TIME | {"description": "When it was recorded."},
        "correlation_id": _NULLABLE_UUID,
        "causation_id": _NULLABLE_UUID,
        "user_id": {"type": ["string", "null"]},
        "metadata": {"type": "object"},
        "payload": {"type": "object"},
        "content_hash": {"type": "string", "description": "SHA-256 over the canonical envelope, hexadecimal."},
    },
}
APPENDED = {
    "type": "object",
    "properties": {
        "aggregate_type": {"type": "string"},
        "aggregate_id": {"type": "string"},
        "version": {"type": "integer", "description": "The stream's version after the append."},
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"event_id": _UUID, "version": {"type": "integer"}, "position": {"type": "integer"}},
            },
        },
    },
}
EVENTS = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": EVENT},
        "next": {"type": ["integer", "null"], "description": "Where the next page begins; null at the end."},
    },
}
LOG = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": EVENT},
        "next": {"type": "integer", "description": "The follower's next `after`, also when the page is empty."},
        "safe_position": {"type": "integer", "description": "How far the log could be read at that moment."},
    },
}
EVENTS_BY_TIME = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": EVENT},
        "next": {
            "type": ["object", "null"],
            "description": "The `since` and `after` of the next page; null at the end.",
            "properties": {"since": _TIME, "after": {"type": "integer"}},
        },
    },
}
NEW_METADATA = _schema(MetadataBody)
REASON = _schema(ReasonBody)
_NULLABLE_TIME = {"type": ["string", "null"], "format": "date-time"}
_STREAM = {"aggregate_type": {"type": "string"}, "aggregate_id": {"type": "string"}}
_TIMES = {
    "archived_at": _NULLABLE_TIME | {"description": "Since when it is left out of lists."},
    "tombstoned_at": _NULLABLE_TIME | {"description": "Since when it takes no events any more."},
}
METADATA = {
    "type": "object",
    "properties": {
        **_STREAM,
        "title": {"type": ["string", "null"]},
        "max_age": {"type": ["number", "null"], "description": "Seconds; readers of the stream see no older events."},
        "max_count": {"type": ["integer", "null"], "description": "Readers see that many of the last events."},
        **_TIMES,
        "reason": {"type": "string"},
        "updated_by": {"type": "string"},
        "updated_at": _NULLABLE_TIME,
    },
}
STREAMS = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    **_STREAM,
                    "version": {"type": "integer"},
                    "started_at": _TIME,
                    "title": {"type": ["string", "null"]},
                    **_TIMES,
                },
            },
        },
        "next": {"type": ["string", "null"], "description": "The `after` of the next page; null at the end."},
    },
}
