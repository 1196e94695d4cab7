"""Tasks of the event store: workers take snapshots, lest a command wait, renew and prune them."""

import structlog
from celery import shared_task

from events.aggregates.aggregate import aggregates
from events.state.snapshot_maintenance import rebuild_stale, take
from events.state.snapshots import prune_snapshots as prune

log = structlog.get_logger(__name__)


@shared_task(name="events.tasks.take_snapshot")
def take_snapshot(aggregate_type: str, aggregate_id: str) -> int:
    """Keep an aggregate's state as it is now; its version."""
    return take(aggregates.named(aggregate_type), aggregate_id)


@shared_task(name="events.tasks.rebuild_snapshots")
def rebuild_snapshots(aggregate_type: str | None = None) -> int:
    """Replace snapshots that do not count any more; of how many aggregates. Beat starts it."""
    rebuilt = rebuild_stale(aggregate_type)
    if rebuilt.unreadable:
        log.warning("stale snapshots stay", aggregates=len(rebuilt.unreadable), first=rebuilt.unreadable[0])
    return rebuilt.aggregates


@shared_task(name="events.tasks.prune_snapshots")
def prune_snapshots() -> int:
    """Remove all but the newest snapshots of every aggregate; how many. Beat starts it."""
    return prune()
