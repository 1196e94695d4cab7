"""Consumer control: what an operator has decided, to pause a group, a topic or a partition of it, or to drain it.

Decisions are rows, which every member of a group reads every two seconds; a wake-up makes it read them at once. They
hold whether a consumer runs or not, until somebody takes them back. Who decided and who took back is kept.
"""

import math
import time
from collections import defaultdict
from collections.abc import Mapping
from functools import partial

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from msgspec import Struct

from outbox.bus.base import Partition
from outbox.exceptions import GroupDrained
from outbox.models import ConsumerAction, ConsumerControl
from outbox.signals.wakeup import wake

log = structlog.get_logger(__name__)

CHANNEL = "nova:consumers"
# Seconds for which groups of a process share what one of them has read; less than between two reads of a group.
SHARED_FOR = 1.0


class Scope(Struct, frozen=True, kw_only=True):
    """A group, or a part of what it consumes."""

    consumer: str
    topic: str = ""
    """Empty for all."""
    partition: int | None = None
    """None for all."""

    def __post_init__(self) -> None:
        if self.partition is not None and not self.topic:
            raise ValueError("a partition is one of a topic: name that too")

    def __str__(self) -> str:
        place = f"{self.topic}[{self.partition}]" if self.partition is not None else self.topic
        return f"{self.consumer} {place}".strip()


class Decisions(Struct, frozen=True, kw_only=True):
    """What holds for one group."""

    drained: bool = False
    """Its members finish what they have in hand and leave."""
    paused: frozenset[tuple[str, int | None]] = frozenset()
    """Topic (empty for all) and partition (None for all)."""

    def holds(self, partition: Partition) -> bool:
        """Whether nothing of the partition is to take effect for now."""
        return self.drained or not self.paused.isdisjoint({("", None), (partition[0], None), partition})

    @property
    def is_paused(self) -> bool:
        """Whether the whole group is."""
        return ("", None) in self.paused


NOTHING = Decisions()


def decisions(consumer: str) -> Decisions:
    """What holds for a group now."""
    return _decisions(ConsumerControl.objects.filter(consumer=consumer)).get(consumer, NOTHING)


def latest_decisions(consumer: str, *, anew: bool) -> Decisions:
    """What holds for a group; unless it is asked `anew`, what any group of the process has read a moment ago.

    A worker that hosts many groups reads for all of them at once.
    """
    return _latest.of(consumer, anew=anew)


class _Latest:
    """What holds for all groups, as it was read last; two that read at once do no harm."""

    def __init__(self) -> None:
        self._read: tuple[float, Mapping[str, Decisions]] = (-math.inf, {})

    def of(self, consumer: str, *, anew: bool) -> Decisions:
        began = time.monotonic()
        if anew or began > self._read[0] + SHARED_FOR:
            self._read = (began, _decisions(ConsumerControl.objects.all()))
        return self._read[1].get(consumer, NOTHING)


_latest = _Latest()


def _decisions(rows: "QuerySet[ConsumerControl]") -> Mapping[str, Decisions]:
    drained: set[str] = set()
    paused: defaultdict[str, set[tuple[str, int | None]]] = defaultdict(set)
    for consumer, verb, topic, number in rows.values_list("consumer", "verb", "topic", "partition"):
        if verb == ConsumerControl.Verb.DRAIN:
            drained.add(consumer)
        elif verb == ConsumerControl.Verb.PAUSE:
            paused[consumer].add((topic, number))
    return {
        consumer: Decisions(drained=consumer in drained, paused=frozenset(paused.get(consumer, ())))
        for consumer in drained.union(paused)
    }


def pause(scope: Scope, *, actor: str, reason: str = "") -> None:
    """Finish the batches in hand and let nothing more of this take effect; members keep their partitions.

    Raises `GroupDrained` for a whole group that is: whoever has drained it relies on its members' staying out.
    """
    _decide(scope, ConsumerControl.Verb.PAUSE, actor=actor, reason=reason)


def drain(consumer: str, *, actor: str, reason: str = "") -> None:
    """Let all members finish what they have in hand, commit, leave the group and stay out of it."""
    _decide(Scope(consumer=consumer), ConsumerControl.Verb.DRAIN, actor=actor, reason=reason)


def resume(scope: Scope, *, actor: str, reason: str = "") -> list[ConsumerControl]:
    """Take back what was decided about this and about its parts; what still holds it, because it is about more."""
    rows = ConsumerControl.objects.filter(consumer=scope.consumer)
    within = rows.filter(topic=scope.topic) if scope.topic else rows
    within = within if scope.partition is None else within.filter(partition=scope.partition)
    with transaction.atomic():
        within.delete()
        _keep(scope, ConsumerAction.Verb.RESUME, actor=actor, reason=reason)
        transaction.on_commit(partial(wake, CHANNEL))
    log.info("consumer resumed", scope=str(scope), actor=actor, reason=reason)
    return [row for row in rows if row.topic in {"", scope.topic} and row.partition is None]


def _decide(scope: Scope, verb: ConsumerControl.Verb, *, actor: str, reason: str) -> None:
    with transaction.atomic():
        fields = {"verb": verb, "actor": actor, "reason": reason}
        # Locked, so that of a drain and a pause at the same time the drain holds, whichever comes first.
        row, is_new = ConsumerControl.objects.select_for_update().get_or_create(
            consumer=scope.consumer, topic=scope.topic, partition=scope.partition, defaults=fields
        )
        if verb == ConsumerControl.Verb.PAUSE and row.verb == ConsumerControl.Verb.DRAIN:
            raise GroupDrained(scope.consumer, actor=row.actor, since=row.since)
        if not is_new:
            ConsumerControl.objects.filter(pk=row.pk).update(**fields, since=Now())
        _keep(scope, ConsumerAction.Verb(verb), actor=actor, reason=reason)
        transaction.on_commit(partial(wake, CHANNEL))
    log.info("consumer told", verb=verb.value, scope=str(scope), actor=actor, reason=reason)


def _keep(scope: Scope, verb: ConsumerAction.Verb, *, actor: str, reason: str) -> None:
    ConsumerAction.objects.create(
        consumer=scope.consumer, topic=scope.topic, partition=scope.partition, verb=verb, actor=actor, reason=reason
    )
