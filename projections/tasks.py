"""Celery tasks of projections: beat guarantees that the log is looked at every few seconds, whoever is dead."""

import time

from celery import shared_task

from projections.conf import projections_conf
from projections.definition.projection import Projection
from projections.definition.registry import projection_named, registered_projections
from projections.engine.engine import run_pass
from projections.operating.automatic import begin_if_outdated
from projections.rebuilding.records import open_rebuild
from projections.rebuilding.worker import work
from projections.views.records import due_views
from projections.views.refreshing import Refresh, refresh


@shared_task(name="projections.tasks.project")
def project() -> int:
    """Bring all projections up to date that nobody is at; events applied."""
    # Not longer than until the next beat, which goes on.
    deadline = time.monotonic() + projections_conf().beat_interval
    return sum(_catch_up(projection, deadline) for projection in registered_projections())


@shared_task(name="projections.tasks.rebuild")
def rebuild() -> int:
    """Go on with all rebuilds that nobody is at; how many have let their tables take over.

    Where several workers can fill one at once, it asks others to join.
    """
    interval = projections_conf().beat_interval
    until = time.monotonic() + interval
    swapped = 0
    for projection in registered_projections():
        begin_if_outdated(projection)
        row = open_rebuild(projection.name)
        for _ in range(1, row.partitions if row else 1):
            fill.apply_async(args=(projection.name,), expires=interval)
        swapped += work(projection, until=until)
    return swapped


@shared_task(name="projections.tasks.refresh_views")
def refresh_views() -> int:
    """Compute the materialised views anew that are due; how many were."""
    return sum(refresh(view, only_if_due=True) is Refresh.DONE for view in due_views())


@shared_task(name="projections.tasks.fill")
def fill(name: str) -> bool:
    """Go on with one rebuild beside others who do; whether it has let its tables take over."""
    return work(projection_named(name), until=time.monotonic() + projections_conf().beat_interval)


def _catch_up(projection: Projection, deadline: float) -> int:
    conf = projections_conf()
    applied = 0
    more = True
    while more and time.monotonic() < deadline:
        result = run_pass(projection, limit=conf.batch_size)
        applied += result.applied
        more = result.more
    return applied
