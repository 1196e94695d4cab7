"""Snapshot maintenance: taken, made anew after a change of code, and counted, for workers and operators."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from msgspec import Struct

from events.aggregates.aggregate import Aggregate, aggregates, fingerprint
from events.exceptions import UnreadableStream
from events.models import AggregateSnapshot
from events.state.loading import load
from events.state.snapshots import CODEC, save_snapshot


class SnapshotStatus(Struct, frozen=True, kw_only=True):
    """The snapshots of one aggregate type."""

    aggregate_type: str
    fold_version: int | None
    """Of today's code; None for a type that no code registers."""
    counting: int
    stale: int
    """Made with another fold or codec: passed over by loads until they are made anew or pruned."""
    aggregates: int
    """How many aggregates have any."""


class Rebuilt(Struct, frozen=True, kw_only=True):
    """What has become of stale snapshots."""

    aggregates: int
    """Of how many aggregates they were replaced."""
    unreadable: tuple[str, ...]
    """Which aggregates cannot be read, and why."""


def take(aggregate: Aggregate[Any], aggregate_id: str) -> int:
    """Keep an aggregate's state as it is committed now; its version, 0 for a stream without events."""
    loaded = load(aggregate, aggregate_id)
    if loaded.version:
        save_snapshot(aggregate, aggregate_id, loaded.version, loaded.state)
    return loaded.version


def stale_snapshots(aggregate: Aggregate[Any]) -> QuerySet[AggregateSnapshot]:
    """Those of the type that do not count."""
    return AggregateSnapshot.objects.filter(aggregate_type=aggregate.name).exclude(
        codec=CODEC, fold=fingerprint(aggregate)
    )


def rebuild_stale(aggregate_type: str | None = None) -> Rebuilt:
    """Replace snapshots that do not count any more by one of today for each aggregate that can be read.

    Raises `UnknownAggregate` for a type that no code registers.
    """
    kinds = list(aggregates) if aggregate_type is None else [aggregates.named(aggregate_type)]
    rebuilt, unreadable = 0, []
    for kind in kinds:
        for aggregate_id in list(stale_snapshots(kind).values_list("aggregate_id", flat=True).distinct()):
            try:
                take(kind, aggregate_id)
            except UnreadableStream as error:
                # Its snapshots wait for code that can read it; the others need not.
                unreadable.append(str(error))
                continue
            stale_snapshots(kind).filter(aggregate_id=aggregate_id).delete()
            rebuilt += 1
    return Rebuilt(aggregates=rebuilt, unreadable=tuple(unreadable))


def rebuild_of(aggregate: Aggregate[Any], aggregate_id: str) -> int:
    """Forget what is kept of an aggregate and fold it from its first event; the version that is kept now."""
    AggregateSnapshot.objects.filter(aggregate_type=aggregate.name, aggregate_id=aggregate_id).delete()
    return take(aggregate, aggregate_id)


def snapshot_statuses() -> list[SnapshotStatus]:
    """How it stands with every type that code registers or that has snapshots."""
    known = {kind.name: kind for kind in aggregates}
    counted = dict.fromkeys(known, (0, 0, 0))
    for name in AggregateSnapshot.objects.values_list("aggregate_type", flat=True).distinct():
        fold = fingerprint(known[name]) if name in known else ""
        row = AggregateSnapshot.objects.filter(aggregate_type=name).aggregate(
            every=Count("pk"),
            counting=Count("pk", filter=Q(fold=fold, codec=CODEC)),
            ids=Count("aggregate_id", distinct=True),
        )
        counted[name] = (row["counting"], row["every"] - row["counting"], row["ids"])
    return [
        SnapshotStatus(
            aggregate_type=name,
            fold_version=known[name].fold_version if name in known else None,
            counting=counting,
            stale=stale,
            aggregates=ids,
        )
        for name, (counting, stale, ids) in sorted(counted.items())
    ]
