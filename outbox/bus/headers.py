"""Headers that an adapter reads itself: the event type, and the namespace of ids made for messages that carry none."""

from collections.abc import Iterable
from uuid import UUID

# Names messages that carry no usable event id, by their place or by what they say.
PLACE_NAMESPACE = UUID("6f0dfc52-5d5f-5b7c-9d3b-5f6c1a0e7a11")


def event_type_in(headers: Iterable[tuple[str, bytes]]) -> str:
    """The event type that the headers of a message name; empty when they name none."""
    values = dict(headers)
    return (values.get("event_type") or values.get("ce_type") or b"").decode(errors="replace")
