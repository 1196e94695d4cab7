"""Events as handlers receive them, without a broker."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from msgspec import Struct

from events.api import type_name
from outbox.api import ReceivedEvent


def received(payload: Struct, **fields: Any) -> ReceivedEvent:
    """The payload's event, as if somebody else had sent it."""
    blank: dict[str, Any] = {
        "event_id": uuid4(),
        "event_type": type_name(payload),
        "schema_version": 1,
        "source_service": None,
        "aggregate_type": None,
        "aggregate_id": None,
        "version": None,
        "timestamp": datetime.now(UTC),
        "correlation_id": None,
        "causation_id": None,
        "user_id": None,
        "traceparent": None,
        "topic": "topic",
        "partition": 0,
        "offset": 0,
        "key": None,
    }
    return ReceivedEvent(**{**blank, **fields, "payload": payload})
