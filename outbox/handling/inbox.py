"""Inbox: a message takes effect once, however often it is delivered; its mark and its effect commit together (I7)."""

import time
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction
from prometheus_client import Histogram
from structlog.contextvars import bind_contextvars, bound_contextvars

from events.api import event_context, process_clock
from outbox.handling import idempotency_keys
from outbox.handling.handlers import ConsumerGroup, Handler
from outbox.messages.received import ReceivedEvent
from outbox.signals import metrics
from outbox.signals.labels import event_type_label
from outbox.sql.statements import statement


def take_effect(group: ConsumerGroup, events: Sequence[ReceivedEvent], *, again: bool = False) -> int:
    """Handle those of the events that the group has not handled before, all in one transaction; how many there were.

    With `again`, handle all of them, whatever the inbox says. Raises whatever a handler raises; nothing has
    happened then.
    """
    process_clock.witness(max((event.clock for event in events), default=0))
    with transaction.atomic():
        # An event that stands twice in one batch is handled at its first place.
        once: dict[UUID, ReceivedEvent] = {}
        for event in events:
            once.setdefault(event.event_id, event)
        unseen = claim(group.name, list(once))
        fresh = [event for event in once.values() if again or event.event_id in unseen]
        run_handlers(group, fresh, again=again)
    for event_type, number in Counter([event.event_type for event in fresh]).items():
        label = event_type_label(event_type, group.named_types)
        metrics.EVENTS_CONSUMED.labels(event_type=label, service=group.name).inc(number)
    return len(fresh)


def claim(consumer: str, event_ids: Sequence[UUID]) -> set[UUID]:
    """Mark different events as processed; those that were not before.

    Another transaction that is about to mark one of them is waited for.
    """
    with connection.cursor() as cursor:
        # As text, which is much cheaper to send than an array of objects.
        text = "{" + ",".join(map(str, event_ids)) + "}"
        cursor.execute(statement("claim"), {"consumer": consumer, "event_ids": text})
        if cursor.rowcount == len(event_ids):
            return set(event_ids)
        return {event_id for (event_id,) in cursor.fetchall()}


def run_handlers(group: ConsumerGroup, events: Sequence[ReceivedEvent], *, again: bool = False) -> None:
    """Give each handler of the group the events that it wants; one outside the database those it is not done with."""
    for handler in group.handlers:
        wanted = [handler.view(event) for event in events if handler.wants(event.event_type)]
        name = f"{group.name}/{handler.name}"
        if handler.outside and not again and wanted:
            unseen = idempotency_keys.unseen(name, [event.event_id for event in wanted])
            wanted = [event for event in wanted if event.event_id in unseen]
        if handler.handle_batch and wanted:
            _handle_together(handler, wanted)
            if handler.outside:
                idempotency_keys.remember(name, [event.event_id for event in wanted])
        elif handler.handle and wanted:
            _handle_each(handler, wanted, key_name=name if handler.outside else None)


def _handle_each(handler: Handler, events: Sequence[ReceivedEvent], *, key_name: str | None) -> None:
    assert handler.handle is not None  # noqa: S101 - for the type checker; `Handler` has made sure
    durations = _Durations(handler)
    # The values are set for each event and reset once: that is all that a handler's loop can afford.
    with bound_contextvars(event_id="", correlation_id=""):
        for event in events:
            started = time.perf_counter()
            correlation_id = event.correlation_id or event.event_id
            bind_contextvars(event_id=event.event_id, correlation_id=correlation_id)
            with event_context(
                correlation_id=correlation_id,
                causation_id=event.event_id,
                user_id=event.user_id,
                metadata={"traceparent": event.traceparent} if event.traceparent else {},
                clock=event.clock,
            ):
                handler.handle(event)
            durations.of(event.event_type).observe(time.perf_counter() - started)
            if key_name:
                idempotency_keys.remember(key_name, [event.event_id])


def _handle_together(handler: Handler, events: Sequence[ReceivedEvent]) -> None:
    assert handler.handle_batch is not None  # noqa: S101 - for the type checker; `Handler` has made sure
    started = time.perf_counter()
    handler.handle_batch(events)
    share = (time.perf_counter() - started) / len(events)
    durations = _Durations(handler)
    for event in events:
        durations.of(event.event_type).observe(share)


class _Durations:
    """The histograms of one handler, which are looked up once per type and not once per event."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._children: dict[str, Histogram] = {}

    def of(self, event_type: str) -> Histogram:
        child = self._children.get(event_type)
        if child is None:
            label = event_type_label(event_type, self._handler.named_types)
            child = metrics.PROCESSING_DURATION.labels(event_type=label, handler=self._handler.name)
            self._children[event_type] = child
        return child
