"""External events: a service stores those of others once each, and turns some of them into commands of its own.

They are stored beside the log and not in it: the log is what this service has appended, and what is appended is
published. The same event delivered again, or kept before, changes nothing.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID, uuid5

import msgspec
import structlog
from django.db import connection
from msgspec import Struct

from events.api import CommandRefused, encode_payload, execute
from outbox.handling.handlers import Handler
from outbox.messages.received import ReceivedEvent
from outbox.services import Service
from outbox.sql.statements import statement

log = structlog.get_logger(__name__)

Translation = Callable[[ReceivedEvent], tuple[str, Struct] | None]
"""The aggregate and the command that an event asks for; None when it asks for nothing."""


def keep_external_events(service: Service, event_types: Collection[str]) -> Handler:
    """A handler that stores events of these types, of the aggregates that the service listens to."""

    def keep(events: Sequence[ReceivedEvent]) -> None:
        store_external_events(service.name, [event for event in events if event.aggregate_type in service.listens])

    return Handler(name=f"{service.name}-foreign-events", event_types=event_types, handle_batch=keep)


def commands_from(service: Service, translations: Mapping[str, Translation]) -> Handler:
    """A handler that turns events into commands, by event type.

    The command's id derives from the event's, so that it takes effect once, whoever delivers the event how often. One
    that the aggregate's rules refuse is logged: the event has happened all the same.
    """

    def translate(event: ReceivedEvent) -> None:
        translated = translations[event.event_type](event)
        if translated is None:
            return
        aggregate_id, command = translated
        try:
            execute(aggregate_id, command, command_id=command_id_of(service, event.event_id))
        except CommandRefused as refusal:
            log.info(
                "an event's command is refused",
                service_name=service.name,
                event_type=event.event_type,
                event_id=str(event.event_id),
                aggregate_id=aggregate_id,
                code=refusal.code,
            )

    return Handler(name=f"{service.name}-commands", event_types=frozenset(translations), handle=translate)


def command_id_of(service: Service, event_id: UUID) -> UUID:
    """The id of the command that the event becomes at the service."""
    return uuid5(event_id, service.name)


def store_external_events(service: str, events: Sequence[ReceivedEvent]) -> int:
    """Store those that are not stored yet; how many there were."""
    if not events:
        return 0
    rows = [
        {
            "event_id": event.event_id,
            "event_type": event.event_type,
            "schema_version": event.schema_version,
            "source_service": event.source_service,
            "aggregate_type": event.aggregate_type,
            "aggregate_id": event.aggregate_id,
            "version": event.version,
            "timestamp": event.timestamp,
            "correlation_id": event.correlation_id,
            "causation_id": event.causation_id,
            "user_id": event.user_id,
            "payload": msgspec.Raw(encode_payload(event.payload)),
        }
        for event in events
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            statement("store_external_events"), {"service": service, "events": msgspec.json.encode(rows).decode()}
        )
        return int(cursor.rowcount)
