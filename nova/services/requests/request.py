"""Request and reply: what one service asks of another over the bus, and the event by which that one answers."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from msgspec import Struct, field

from events.api import NewEvent, type_name
from outbox.api import ReceivedEvent


class Request(Struct, frozen=True, kw_only=True):
    """What is asked for, and by whom."""

    body: Any
    """What is asked for: the payload of the request event, which names its order as `order_id`."""
    command_id: UUID
    """Names the request for ever: it is answered once."""
    correlation_id: UUID | None = None
    """The conversation that it belongs to, and its answer too."""
    causation_id: UUID | None = None
    """What its answer is caused by: the request event."""
    user_id: str | None = None
    """Who asked."""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When it was taken in hand (UTC)."""
    metadata: dict[str, Any] = {}
    """What the answer carries on."""

    @property
    def order_id(self) -> str:
        """The order that it is about."""
        return str(self.body.order_id)

    @property
    def reply_id(self) -> UUID:
        """The id of the event that answers it."""
        return self.event_id(0)

    def event_id(self, number: int) -> UUID:
        """The id of the event with this number that it brings about; the answer has number 0.

        What is asked for is part of it, so that two services may be asked under one id.
        """
        return uuid5(self.command_id, f"{type_name(self.body)}/{number}")

    def caused(self, number: int, payload: Struct) -> NewEvent:
        """An event that the request brings about."""
        return NewEvent(
            payload=payload,
            event_id=self.event_id(number),
            timestamp=self.at,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id or self.command_id,
            user_id=self.user_id,
            metadata=self.metadata,
        )


def request_of(event: ReceivedEvent) -> Request:
    """The request that came as an event, which names it: it is answered once, however often the event comes."""
    return Request(
        body=event.payload,
        command_id=event.event_id,
        correlation_id=event.correlation_id or event.event_id,
        causation_id=event.event_id,
        user_id=event.user_id,
        metadata={"traceparent": event.traceparent} if event.traceparent else {},
    )
