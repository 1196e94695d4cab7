"""Celery tasks of sagas: beat guarantees that timers fire, that operations go on, and that what has ended goes."""

import time
from datetime import UTC, datetime, timedelta

from celery import shared_task

from sagas.conf import sagas_conf
from sagas.engine.timers import fire_due
from sagas.operating.executor import work_off_operations
from sagas.operating.retention import prune


@shared_task(name="sagas.tasks.fire_timers")
def fire_timers() -> int:
    """Fire the timers that are due; how many instances were looked at."""
    # Not longer than until the next beat, which goes on.
    conf = sagas_conf()
    deadline = time.monotonic() + conf.beat_interval
    fired = 0
    while (looked_at := fire_due(limit=conf.timer_batch)) and time.monotonic() < deadline:
        fired += looked_at
    return fired + looked_at


@shared_task(name="sagas.tasks.run_operations")
def run_operations() -> None:
    """Go on with what operators have asked to be done to many instances. Beat starts the next stretch."""
    work_off_operations(seconds=sagas_conf().beat_interval)


@shared_task(name="sagas.tasks.prune")
def prune_ended() -> int:
    """Remove what ended before the retention; how many instances."""
    return prune(datetime.now(UTC) - timedelta(days=sagas_conf().retention_days))
