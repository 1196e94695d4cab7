"""Tasks of beat: rows are looked at every few seconds, whatever wake-ups were lost and whoever is dead."""

import socket
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

from celery import shared_task
from django.db import connection

from outbox.bus.factory import bus_of
from outbox.conf import outbox_conf
from outbox.dead_letters.executor import work_off_operations
from outbox.dead_letters.topic import has_unpublished
from outbox.dead_letters.topic import publish as publish_letters
from outbox.handling.inbox_retention import prune_inbox as prune_entries
from outbox.relay.relay import relay_connection, relay_pass
from outbox.relay.retention import forget_dead_processes
from outbox.relay.retention import prune as prune_rows
from outbox.relay.shards import ShardOwner
from outbox.relay.topic_policies import TopicPolicies
from outbox.signals import heartbeats


@shared_task(name="outbox.tasks.relay_pass")
def relay_unowned() -> int:
    """Publish what is pending in shards that no relay owns; rows published."""
    conf = outbox_conf()
    heartbeats.beat(connection, heartbeats.WORKER, host=socket.gethostname())
    published = 0
    # Not longer than until the next beat: a relay that comes back wants the shards.
    deadline = time.monotonic() + conf.beat_interval
    with relay_connection() as own:
        owner = ShardOwner(own)
        owner.take_free()
        if not owner.owned:
            return 0
        with closing(bus_of(conf)) as bus:
            while time.monotonic() < deadline:
                result = relay_pass(
                    own, bus, shards=owner.owned, limit=conf.relay_batch, policies=TopicPolicies.of_settings(conf)
                )
                published += result.published
                if not result.published:
                    break
    return published


@shared_task(name="outbox.tasks.run_operations")
def run_operations() -> int:
    """Go on with what operators have asked to be done to dead letters; steps done. Beat starts the next stretch."""
    return work_off_operations(seconds=outbox_conf().beat_interval)


@shared_task(name="outbox.tasks.publish_dead_letters")
def publish_dead_letters() -> int:
    """Copy to the dead-letter topic what is not there yet; letters published."""
    conf = outbox_conf()
    if not has_unpublished(conf):
        return 0
    with closing(bus_of(conf)) as bus:
        return publish_letters(bus, topic=conf.dead_letter_topic)


@shared_task(name="outbox.tasks.prune_inbox")
def prune_inbox() -> int:
    """Forget messages that no topic holds any more; entries removed."""
    return prune_entries(datetime.now(UTC) - timedelta(days=outbox_conf().inbox_retention_days))


@shared_task(name="outbox.tasks.prune")
def prune() -> int:
    """Remove what has been published long enough ago; rows removed."""
    forget_dead_processes()
    return prune_rows(datetime.now(UTC) - timedelta(days=outbox_conf().retention_days))
