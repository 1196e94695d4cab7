"""Figures of delivery: how much waits for the relay or for an operator, and how far single events have come.

They are read from the tables, which are the truth; no process is asked.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from msgspec import Struct

from kit.arguments import MAX_BIGINT
from outbox.arguments import arguments
from outbox.models import DeadLetter, InboxEntry, OutboxEvent


class Backlog(Struct, frozen=True, kw_only=True):
    """What waits; None is more than was counted."""

    pending: int | None
    """Outbox rows that are not published yet, dead ones included."""
    dead: int | None
    """Outbox rows that were given up."""
    dead_letters: int | None
    """Messages that no handler could take, and no operator has decided on."""


class Delivery(Struct, frozen=True, kw_only=True):
    """How far one event has come."""

    position: int
    """Its place in the log."""
    recorded_at: datetime
    published_at: datetime | None
    """When the broker had it."""
    handled_at: Mapping[str, datetime]
    """When it had its effect, by consumer group."""


def backlog(limit: int) -> Backlog:
    """What waits, each kind counted up to `limit`."""
    arguments.number("limit", limit, most=MAX_BIGINT - 1)
    return Backlog(
        pending=_count(OutboxEvent.objects.pending(), limit),
        dead=_count(OutboxEvent.objects.dead(), limit),
        dead_letters=_count(DeadLetter.objects.filter(status=DeadLetter.Status.OPEN), limit),
    )


def deliveries(event_ids: Collection[UUID]) -> dict[UUID, Delivery]:
    """How far those of the events have come that have a row in the outbox."""
    for event_id in event_ids:
        arguments.uuid("event_ids", event_id)
    handled: dict[UUID, dict[str, datetime]] = {}
    for event_id, consumer, at in InboxEntry.objects.filter(event_id__in=event_ids).values_list(
        "event_id", "consumer", "processed_at"
    ):
        handled.setdefault(event_id, {})[consumer] = at
    rows = OutboxEvent.objects.filter(event_id__in=event_ids).order_by()
    return {
        event_id: Delivery(
            position=position,
            recorded_at=recorded_at,
            published_at=published_at,
            handled_at=handled.get(event_id, {}),
        )
        for event_id, position, recorded_at, published_at in rows.values_list(
            "event_id", "position", "created_at", "published_at"
        )
    }


def _count(rows: QuerySet[OutboxEvent] | QuerySet[DeadLetter], limit: int) -> int | None:
    counted = rows.order_by()[: limit + 1].count()
    return counted if counted <= limit else None
