"""Logged events: events of the log as handlers receive them, and which of them a consumer group has had.

A group is told of events by messages; the log has the same events in an order of its own. Its inbox says which of them
have had their effect, so that inbox and tables of one snapshot belong together at every moment.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from django.db import connection

from events.api import clock_of, decode_payload, payload_version, registry, unknown_event_ids
from events.envelope import RecordedEvent
from outbox.conf import outbox_conf
from outbox.handling.effects import gated
from outbox.handling.handlers import ConsumerGroup
from outbox.handling.inbox import run_handlers
from outbox.messages.received import ReceivedEvent
from outbox.messages.topics import topic_of
from outbox.models import ExternalEvent
from outbox.sql.statements import statement

NO_PARTITION = -1
PAGE = 10_000


def as_received(event: RecordedEvent) -> ReceivedEvent:
    """An event of the log as its message would bring it; for want of one, its place is the log's position."""
    traceparent = event.metadata.get("traceparent")
    return ReceivedEvent(
        event_id=event.event_id,
        event_type=event.event_type,
        schema_version=event.schema_version,
        source_service=event.source_service,
        aggregate_type=event.aggregate_type,
        aggregate_id=event.aggregate_id,
        version=event.version,
        timestamp=event.timestamp,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
        user_id=event.user_id,
        traceparent=traceparent if isinstance(traceparent, str) else None,
        clock=clock_of(event.metadata),
        payload=event.payload,
        topic=topic_of(event.event_type, event.aggregate_type, conf=outbox_conf()),
        partition=NO_PARTITION,
        offset=event.position,
        key=_partition_key(event).encode(),
    )


def handle_again(
    group: ConsumerGroup, handlers: Collection[str], events: Sequence[ReceivedEvent], *, effects: bool = False
) -> None:
    """Give events to these handlers of a group, whatever its inbox says, with effects or without.

    For a transaction of the caller's, which decides whether the handlers' rows stay. Raises what a handler raises.
    """
    chosen = ConsumerGroup(
        name=group.name,
        handlers=[handler for handler in group.handlers if handler.name in handlers],
        topics=group.topics,
    )
    if effects:
        run_handlers(chosen, events, again=True)
        return
    with gated():
        run_handlers(chosen, events, again=True)


def taken_effect(consumer: str, events: Sequence[RecordedEvent]) -> set[UUID]:
    """Those of the events that have had their effect on a group.

    Of events older than the inbox remembers, those that are dead letters have not; all others are taken to have.
    """
    forgotten = datetime.now(UTC) - timedelta(days=outbox_conf().inbox_retention_days)
    with connection.cursor() as cursor:
        cursor.execute(
            statement("taken_effect"),
            {
                "consumer": consumer,
                "event_ids": [event.event_id for event in events],
                "is_forgotten": [event.created_at < forgotten for event in events],
            },
        )
        return {event_id for (event_id,) in cursor.fetchall()}


def unlogged_events(consumer: str, *, since: datetime | None = None) -> Iterator[UUID]:
    """The ids of messages that have had their effect on a group, and whose events the log does not have.

    With `since`, only of those that have had it in a transaction that began then or later.
    """
    last = None
    while True:
        with connection.cursor() as cursor:
            place = {"consumer": consumer, "since": since, "after": last, "max_count": PAGE}
            cursor.execute(statement("inbox_page"), place)
            page = [event_id for (event_id,) in cursor.fetchall()]
        if not page:
            return
        yield from sorted(unknown_event_ids(page))
        last = page[-1]


def kept_external_events(service: str, *, since: datetime | None = None) -> Iterator[ReceivedEvent]:
    """The events of others that a service keeps, in the order in which they came; with `since`, from then on."""
    order = ("received_at", "aggregate_type", "aggregate_id", "version", "event_id")
    rows = ExternalEvent.objects.filter(service=service)
    if since is not None:
        rows = rows.filter(received_at__gte=since)
    for row in rows.order_by(*order).iterator(chunk_size=PAGE):
        payload = decode_payload(row.event_type, row.schema_version, msgspec.json.encode(row.payload))
        yield ReceivedEvent(
            event_id=row.event_id,
            event_type=row.event_type,
            schema_version=payload_version(payload),
            source_service=row.source_service,
            aggregate_type=row.aggregate_type,
            aggregate_id=row.aggregate_id,
            version=row.version,
            timestamp=row.timestamp,
            correlation_id=row.correlation_id,
            causation_id=row.causation_id,
            user_id=row.user_id,
            payload=payload,
            topic="",
            partition=NO_PARTITION,
            offset=0,
            key=None,
        )


def _partition_key(event: RecordedEvent) -> str:
    known = registry.named(event.event_type)
    return str(getattr(event.payload, known.key, event.aggregate_id)) if known and known.key else event.aggregate_id
