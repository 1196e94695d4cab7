"""Row actions: operators retry, discard or reroute stuck outbox rows; who did what to which row, and why, is kept."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from events.api import MAX_PARTITION_KEY
from kit.arguments import is_storable
from outbox.arguments import arguments, check_decision
from outbox.exceptions import InvalidRoute, RowNotDead, RowNotFound
from outbox.models import OutboxAction, OutboxEvent
from outbox.recorder import shard_of
from outbox.signals.wakeup import announce_append

log = structlog.get_logger(__name__)

TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}", re.ASCII)
MAX_KEY = 1_000
# Rows that are dealt with in one statement: each has several parameters in it.
CHUNK_SIZE = 1_000
KEPT_FIELDS = ("event_id", "last_error", "retry_count")
ALL_ATTEMPTS: dict[str, Any] = {"dead_at": None, "next_attempt_at": None, "retry_count": 0}


def retry_outbox_rows(ids: Iterable[int], *, actor: str, reason: str = "") -> int:
    """Try dead and waiting rows again at once, with all their attempts; how many there were."""
    return _act("retry", OutboxEvent.objects.stuck(), ids, ALL_ATTEMPTS, actor=actor, reason=reason)


def discard_outbox_rows(ids: Iterable[int], *, actor: str, reason: str) -> int:
    """Never publish these dead rows, so that the later rows of their keys go on; how many there were."""
    change = {"discarded_at": Now(), "dead_at": None}
    return _act("discard", OutboxEvent.objects.dead(), ids, change, actor=actor, reason=reason)


def reroute_outbox_row(
    row_id: int, *, topic: str | None = None, partition_key: str | None = None, actor: str, reason: str
) -> OutboxEvent:
    """Send a dead row to another topic or under another key, with all its attempts; what is None stays.

    Routing is all that can be edited: payload and envelope are the event's, which the log has for ever and consumers
    know by its id. The order of the old key ends for this row; it takes its place in the log among those of the new
    one, behind whatever of it was published already.

    Raises:
        RowNotFound: there is none of that number.
        RowNotDead: the relay may have it in hand, or is done with it.
        InvalidRoute: no topic, or no key.
        InvalidArgument: no such actor or reason could be kept.
    """
    check_decision(actor=actor, reason=reason)
    _check_route(topic, partition_key)
    with transaction.atomic():
        row = OutboxEvent.objects.select_for_update().filter(pk=row_id).first()
        if row is None:
            raise RowNotFound(row_id)
        if row.published or row.discarded_at is not None or row.dead_at is None:
            raise RowNotDead(row_id)
        route = {"topic": topic or row.topic, "partition_key": partition_key or row.partition_key}
        change = route | {"shard": shard_of(route["partition_key"])} | ALL_ATTEMPTS
        before = {name: getattr(row, name) for name in route}
        OutboxEvent.objects.filter(pk=row_id).update(**change)
        _keep("reroute", [row], before=before, after=route, actor=actor, reason=reason)
        transaction.on_commit(announce_append)
    row.refresh_from_db()
    log.info("an outbox row was rerouted", actor=actor, reason=reason, row=row_id, before=before, after=route)
    return row


def get_outbox_row(row_id: int) -> OutboxEvent:
    """The row of that number. Raises `RowNotFound`."""
    row = OutboxEvent.objects.filter(pk=row_id).first()
    if row is None:
        raise RowNotFound(row_id)
    return row


def outbox_actions(row_id: int) -> list[OutboxAction]:
    """What operators have done to a row, latest first."""
    return list(OutboxAction.objects.filter(row_id=row_id))


def _act(
    verb: str,
    possible: QuerySet[OutboxEvent],
    ids: Iterable[int],
    change: dict[str, Any],
    *,
    actor: str,
    reason: str,
) -> int:
    check_decision(actor=actor, reason=reason)
    # In order, so that operators who act on the same rows wait for each other instead of deadlocking.
    numbers, changed = sorted(set(ids)), 0
    for extreme in (*numbers[:1], *numbers[-1:]):
        arguments.number("ids", extreme)
    with transaction.atomic():
        for start in range(0, len(numbers), CHUNK_SIZE):
            asked = possible.filter(pk__in=numbers[start : start + CHUNK_SIZE]).only(*KEPT_FIELDS)
            rows = list(asked.order_by("id").select_for_update())
            OutboxEvent.objects.filter(pk__in=[row.pk for row in rows]).update(**change)
            _keep(verb, rows, before={}, after={}, actor=actor, reason=reason)
            changed += len(rows)
        transaction.on_commit(announce_append)
    log.info("an operator has decided about outbox rows", verb=verb, actor=actor, reason=reason, rows=changed)
    return changed


def _keep(
    verb: str,
    rows: Sequence[OutboxEvent],
    *,
    before: dict[str, Any],
    after: dict[str, Any],
    actor: str,
    reason: str,
) -> None:
    OutboxAction.objects.bulk_create(
        OutboxAction(
            row_id=row.pk,
            event_id=row.event_id,
            verb=verb,
            actor=actor,
            reason=reason,
            before={"last_error": row.last_error, "retry_count": row.retry_count} | before,
            after=after,
        )
        for row in rows
    )


def _check_route(topic: str | None, partition_key: str | None) -> None:
    if topic is None and partition_key is None:
        raise InvalidRoute("name a topic, a key or both", pointer="")
    if topic is not None and (not TOPIC.fullmatch(topic) or topic in {".", ".."}):
        raise InvalidRoute("must be 1 to 249 letters, digits, dots, dashes or underscores", pointer="/topic")
    if partition_key is None:
        return
    if not (1 <= len(partition_key) <= MAX_KEY and is_storable(partition_key)):
        raise InvalidRoute(f"must have 1 to {MAX_KEY} characters, of Unicode without NUL", pointer="/partition_key")
    if len(partition_key.encode()) > MAX_PARTITION_KEY:
        raise InvalidRoute(f"must have at most {MAX_PARTITION_KEY} bytes", pointer="/partition_key")
