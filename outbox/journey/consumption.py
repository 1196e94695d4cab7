"""Consumption: what each consumer group has made of a published event.

The inbox and the dead letters say what has happened. Where both say nothing, the group's recorded position says whether
the message is still to come or has been passed. The broker is not asked: it may be away when somebody wants to know.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db import connection
from msgspec import Struct

from outbox.bus.topic_patterns import includes
from outbox.conf import outbox_conf
from outbox.consumers.lag import names_at_broker
from outbox.handling.handlers import ConsumerGroup, registered_groups
from outbox.journey.publication import Publication
from outbox.models import ConsumerPosition, DeadLetter
from outbox.sql.statements import statement

ConsumptionState = Literal["handled", "dead_letter", "discarded", "skipped", "passed", "waiting", "unknown"]

_UNDECIDED = (DeadLetter.Status.OPEN, DeadLetter.Status.RETRYING)


class Consumption(Struct, frozen=True, kw_only=True):
    """What one group has made of an event."""

    consumer: str
    state: ConsumptionState
    """`handled`; `dead_letter`: it could not be; `discarded`: an operator has given it up; `skipped`: no handler of the
    group wants it; `passed`: the group stands behind it and nothing is known of it any more; `waiting`: still to come;
    `unknown`: neither is known, as of a message that no broker has numbered."""
    detail: str
    handled_at: datetime | None
    dead_letter_id: int | None
    attempts: int
    """How often it has failed there."""
    behind: int | None
    """Messages of the partition that the group has to handle before it, this one included; None where that is not known
    or over."""


class _DeadLettered(Struct, frozen=True):
    id: int
    consumer: str
    status: str
    attempts: int
    last_failed_at: datetime


def consumptions_of(event_id: UUID, event_type: str, publication: Publication | None) -> list[Consumption]:
    """What the groups have made of an event: those that read its topic, and others that have dealt with it."""
    with connection.cursor() as cursor:
        cursor.execute(statement("inbox_of_event"), {"event_id": event_id})
        handled: dict[str, datetime] = dict(cursor.fetchall())
    dead = {one.consumer: one for one in _dead_letters(event_id)}
    groups = {group.name: group for group in registered_groups() if _reads(group, event_type, publication)}
    positions = _positions(list(groups), publication)
    return [
        _consumption(name, groups.get(name), event_type, publication, handled.get(name), dead.get(name), positions)
        for name in sorted({*groups, *handled, *dead})
    ]


def _dead_letters(event_id: UUID) -> list[_DeadLettered]:
    with connection.cursor() as cursor:
        cursor.execute(statement("dead_letters_of_event"), {"event_id": event_id})
        return [_DeadLettered(*row) for row in cursor.fetchall()]


def _reads(group: ConsumerGroup, event_type: str, publication: Publication | None) -> bool:
    if publication is None:
        return group.wants(event_type)
    _, topics = names_at_broker(group)
    return includes(topics, publication.topic)


def _positions(consumers: list[str], publication: Publication | None) -> Mapping[str, int]:
    """By group, the next offset that it has not handled of the message's partition."""
    if publication is None or publication.partition is None:
        return {}
    rows = ConsumerPosition.objects.filter(
        consumer__in=consumers, topic=publication.topic, partition=publication.partition
    )
    return dict(rows.values_list("consumer", "position"))


def _consumption(
    name: str,
    group: ConsumerGroup | None,
    event_type: str,
    publication: Publication | None,
    handled_at: datetime | None,
    dead: _DeadLettered | None,
    positions: Mapping[str, int],
) -> Consumption:
    state, detail = _dealt_with(handled_at, dead)
    behind = None
    if state is None and group is not None and not group.wants(event_type):
        state, detail = "skipped", "None of its handlers wants events of this type."
    if state is None:
        state, detail, behind = _by_position(publication, positions.get(name))
    if group is None and not detail:
        detail = "This group is not registered here, or reads another topic."
    return Consumption(
        consumer=name,
        state=state,
        detail=detail,
        handled_at=handled_at if state == "handled" else None,
        dead_letter_id=dead.id if dead else None,
        attempts=dead.attempts if dead else 0,
        behind=behind,
    )


def _dealt_with(handled_at: datetime | None, dead: _DeadLettered | None) -> tuple[ConsumptionState | None, str]:
    if dead and dead.status in _UNDECIDED:
        return (
            "dead_letter",
            f"It has failed {dead.attempts} times, last at {dead.last_failed_at:%Y-%m-%d %H:%M:%S} UTC.",
        )
    if dead and dead.status == DeadLetter.Status.DISCARDED:
        return "discarded", "An operator has given it up."
    if dead and dead.status == DeadLetter.Status.REPLACED:
        return "handled", "An edited copy was taken in its place: see the dead letter."
    if handled_at or dead:
        return "handled", "It was a dead letter, and was retried." if dead else ""
    return None, ""


def _by_position(publication: Publication | None, position: int | None) -> tuple[ConsumptionState, str, int | None]:
    if publication is None:
        return "unknown", "Where its message lies is known no more.", None
    if publication.state != "published" or publication.published_at is None:
        return "waiting", "It is not published yet.", None
    if publication.offset is None:
        return "unknown", "Where its message lies was not told: nothing is known before it is handled.", None
    if position is None or position <= publication.offset:
        behind = None if position is None else publication.offset - position + 1
        return "waiting", "It is not handled yet.", behind
    days = outbox_conf().inbox_retention_days
    if publication.published_at < datetime.now(UTC) - timedelta(days=days):
        return "passed", f"The group is past it; the inbox forgets after {days} days.", None
    return (
        "passed",
        "The group is past it without having handled it: it was set ahead, or had no such handler then.",
        None,
    )
