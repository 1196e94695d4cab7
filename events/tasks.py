"""What do workers do for the event store? They take snapshots, so that no command waits for one."""

from celery import shared_task

from events.aggregates import aggregates
from events.snapshot_upkeep import rebuild_stale, take


@shared_task(name="events.tasks.take_snapshot")
def take_snapshot(aggregate_type: str, aggregate_id: str) -> int:
    """Keep an aggregate's state as it is now; its version."""
    return take(aggregates.named(aggregate_type), aggregate_id)


@shared_task(name="events.tasks.rebuild_snapshots")
def rebuild_snapshots(aggregate_type: str | None = None) -> int:
    """Replace snapshots that do not count any more; of how many aggregates."""
    return rebuild_stale(aggregate_type)
