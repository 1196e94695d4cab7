"""Celery tasks of the feed service: what beat guarantees."""

import time

from celery import shared_task
from redis import RedisError

from nova.services.feed.changes import fan_out_slice, show_changes
from nova.services.feed.conf import feed_conf


@shared_task(name="nova.services.feed.tasks.show_feed_changes")
def show_feed_changes() -> int:
    """Tell Redis of the changes to feeds that it has not been told; how many."""
    deadline = time.monotonic() + feed_conf().beat_interval
    shown = 0
    try:
        while time.monotonic() < deadline and (more := show_changes() + fan_out_slice()):
            shown += more
    except RedisError:
        # Feeds come from the tables while Redis is away, and the next beat tries again.
        return shown
    return shown
