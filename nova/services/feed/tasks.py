"""Celery tasks of the feed service: what beat guarantees."""

import time

from celery import shared_task
from redis import RedisError

from nova.services.feed.changes import fan_out_slice, show_changes
from nova.services.feed.conf import feed_conf

MAX_REST = 0.5
"""Most seconds between two slices of a fan-out."""


@shared_task(name="nova.services.feed.tasks.show_feed_changes")
def show_feed_changes() -> int:
    """Tell Redis of the changes to feeds that it has not been told; how many."""
    deadline = time.monotonic() + feed_conf().beat_interval
    shown = 0
    try:
        while time.monotonic() < deadline:
            changes = show_changes()
            began = time.monotonic()
            slices = fan_out_slice()
            if not changes + slices:
                break
            shown += changes + slices
            if slices:
                # Redis and the database are the others' for as long again, whose posts do not wait in slices.
                time.sleep(min(time.monotonic() - began, MAX_REST))
    except RedisError:
        # Feeds come from the tables while Redis is away, and the next beat tries again.
        return shown
    return shown
