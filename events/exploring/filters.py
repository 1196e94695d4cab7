"""Log filter: which events an operator wants to see, as fields of a form, an address and a query have them alike."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from events.envelope import EventHead
from events.exceptions import InvalidArgument
from kit.arguments import MAX_BIGINT, is_storable


class LogFilter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which events; what is None fits all."""

    event_type: str | None = None
    aggregate_type: str | None = None
    aggregate_id: str | None = None
    user_id: str | None = None
    source_service: str | None = None
    event_id: UUID | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    since: datetime | None = None
    """When it happened, or later."""
    until: datetime | None = None
    """Before which it happened."""
    from_position: int | None = None
    to_position: int | None = None
    """Both inclusive."""

    def fits(self, head: EventHead) -> bool:
        """Whether it is one of these events."""
        return (
            all(getattr(head, name) == value for name in _SAME if (value := getattr(self, name)) is not None)
            and (self.since is None or head.timestamp >= self.since)
            and (self.until is None or head.timestamp < self.until)
            and (self.from_position or 0) <= head.position <= (self.to_position or MAX_BIGINT)
        )


_SAME = (
    *("event_type", "aggregate_type", "aggregate_id", "user_id", "source_service"),
    *("event_id", "correlation_id", "causation_id"),
)
FIELDS = LogFilter.__struct_fields__


def filter_of(values: Mapping[str, str]) -> LogFilter:
    """The filter that texts of an address or a form say; empty ones say nothing, and `stream` is `type/id`.

    A time without an offset is UTC. Raises `InvalidArgument` with the field's name.
    """
    said = {name: text.strip() for name, text in values.items() if text.strip()}
    if stream := said.pop("stream", ""):
        aggregate_type, slash, aggregate_id = stream.partition("/")
        if not (aggregate_type and slash and aggregate_id):
            raise InvalidArgument("stream", "is a type and an id with a slash between: order/1042")
        said |= {"aggregate_type": aggregate_type, "aggregate_id": aggregate_id}
    read: dict[str, Any] = {}
    for name in FIELDS:
        if name in said:
            read[name] = _value(name, said[name])
    return LogFilter(**read)


def _value(name: str, text: str) -> Any:
    if not is_storable(text):
        raise InvalidArgument(name, "must be Unicode without NUL")
    try:
        match name:
            case "event_id" | "correlation_id" | "causation_id":
                return UUID(text)
            case "since" | "until":
                at = datetime.fromisoformat(text)
                return at if at.tzinfo else msgspec.convert(f"{at.isoformat()}Z", datetime)
            case "from_position" | "to_position":
                return _position(text)
            case _:
                return text
    except (ValueError, msgspec.ValidationError) as error:
        raise InvalidArgument(name, _MUST.get(name, "must be a UUID")) from error


def _position(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(text)
    return int(text)


_MUST = {
    **dict.fromkeys(("since", "until"), "must be a time such as 2025-01-15T10:30"),
    **dict.fromkeys(("from_position", "to_position"), "must be a position in the log"),
}
