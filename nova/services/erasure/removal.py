"""Removal: commands that remove things are given together, each aggregate loaded once and all events in one append.

What is gone already, or never was there, is no failure: the log tells of it.
"""

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

import structlog
from django.db import transaction
from msgspec import Struct

from events.api import (
    Command,
    CommandRefused,
    Issued,
    NewEvent,
    Unavailable,
    VersionConflict,
    aggregates,
    event_context,
    execute,
)
from nova.services.requests.answers import OVERTAKEN
from nova.services.requests.unit_of_work import UnitOfWork
from outbox.api import ReceivedEvent

log = structlog.get_logger(__name__)


class Removal(Struct, frozen=True, kw_only=True):
    """A command that removes something, and to whom it goes."""

    aggregate_type: str
    aggregate_id: str
    command: Command


def remove(aggregate_id: str, command: Command, *, command_id: UUID) -> None:
    """Remove one thing, by a command of its own."""
    try:
        execute(aggregate_id, command, command_id=command_id)
    except CommandRefused as refusal:
        _tell(aggregate_id, refusal)


def remove_together(removals: Sequence[Removal], event: ReceivedEvent) -> None:
    """Remove several things, because of the event, in the open transaction or in one of its own.

    Not for aggregates whose commands have inline effects: those would not happen. Raises `Unavailable` when others
    were faster too often.
    """
    for attempt in range(1, OVERTAKEN.limit + 2):
        try:
            with transaction.atomic():
                return _remove_together(removals, event)
        except VersionConflict:
            time.sleep(OVERTAKEN.delay(attempt, chance=random.random()))  # noqa: S311 - spreads, hides nothing
    raise Unavailable(f"overtaken {OVERTAKEN.limit + 1} times by others; try again")


def _remove_together(removals: Sequence[Removal], event: ReceivedEvent) -> None:
    work, now, is_changed = UnitOfWork(), datetime.now(UTC), False
    for number, removal in enumerate(removals):
        aggregate = aggregates.named(removal.aggregate_type)
        command_id = uuid5(event.event_id, f"remove {number}")
        issued = Issued(aggregate_id=removal.aggregate_id, command_id=command_id, at=now, user_id=event.user_id)
        try:
            happened = aggregate.decide(work.state(aggregate, removal.aggregate_id), removal.command, issued)
        except CommandRefused as refusal:
            _tell(removal.aggregate_id, refusal)
            continue
        for payload in happened:
            work.record(aggregate, removal.aggregate_id, NewEvent(payload=payload, timestamp=now))
            is_changed = True
    if not is_changed:
        return
    with event_context(
        correlation_id=event.correlation_id or event.event_id,
        causation_id=event.event_id,
        user_id=event.user_id,
        clock=event.clock,
    ):
        work.append()


def _tell(aggregate_id: str, refusal: CommandRefused) -> None:
    log.info("nothing_to_remove", aggregate_id=aggregate_id, code=refusal.code)
