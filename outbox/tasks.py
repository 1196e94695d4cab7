"""What does beat guarantee? That rows are looked at every few seconds, whatever hints were lost and whoever is dead."""

import socket
import time
from datetime import UTC, datetime, timedelta

from celery import shared_task
from django.db import connection

from outbox import heartbeats
from outbox.bus.choice import bus_of
from outbox.conf import outbox_conf
from outbox.dead_letters import retry_requested
from outbox.relay import relay_connection, relay_pass
from outbox.retention import forget_dead_processes
from outbox.retention import prune as prune_rows
from outbox.retries import RetryPolicy
from outbox.shards import ShardOwner


@shared_task(name="outbox.tasks.relay_pass")
def relay_unowned() -> int:
    """Publish what is pending in shards that no relay owns, and do what operators have asked for; rows published."""
    conf = outbox_conf()
    heartbeats.beat(connection, heartbeats.WORKER, host=socket.gethostname())
    retry_requested()
    published = 0
    # Not longer than until the next beat: a relay that comes back wants the shards.
    deadline = time.monotonic() + conf.beat_interval
    with relay_connection() as own:
        owner = ShardOwner(own)
        owner.take_free()
        if not owner.owned:
            return 0
        bus = bus_of(conf)
        policy = RetryPolicy(limit=conf.relay_max_retries)
        while time.monotonic() < deadline:
            result = relay_pass(own, bus, shards=owner.owned, limit=conf.relay_batch, policy=policy)
            published += result.published
            if not result.published:
                break
    return published


@shared_task(name="outbox.tasks.retry_dead_letters")
def retry_dead_letters() -> int:
    """Handle dead letters again that operators have asked for; how many were handled."""
    return retry_requested()


@shared_task(name="outbox.tasks.prune")
def prune() -> int:
    """Remove what has been published long enough ago; rows removed."""
    forget_dead_processes()
    return prune_rows(datetime.now(UTC) - timedelta(days=outbox_conf().retention_days))
