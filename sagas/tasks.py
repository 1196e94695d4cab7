"""Celery tasks of sagas: beat guarantees that due timers fire within seconds, and that what has ended goes in time."""

import time
from datetime import UTC, datetime, timedelta

from celery import shared_task

from sagas.conf import sagas_conf
from sagas.engine.timers import fire_due
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


@shared_task(name="sagas.tasks.prune")
def prune_ended() -> int:
    """Remove what ended before the retention; how many instances."""
    return prune(datetime.now(UTC) - timedelta(days=sagas_conf().retention_days))
