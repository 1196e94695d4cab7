"""Loops of the watched processes: Nova's runner with one projection, and a bare loop beside it.

The bare loop reads the same rows of the log, never beyond the safe position, writes the same table by the same
statement, and keeps how far it is in the same transaction. It listens to nobody, and looks again at once.
"""

import os
import threading
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import msgspec
from django.db import connection, transaction

from benchmarks import raw
from events.envelope import RecordedEvent
from nova.services.content.events import ContentPostCreated
from outbox.hosting.hosted_loop import collect_seldom
from projections.conf import projections_conf
from projections.definition.projection import Projection
from projections.engine.runner import ProjectionRunner
from projections.models import ProjectionCheckpoint

TABLE = "CREATE TABLE IF NOT EXISTS benchmark_posts (event_id uuid PRIMARY KEY, post_id text NOT NULL)"
CHECKPOINT = "benchmark_posts"
WRITE = """
INSERT INTO benchmark_posts SELECT * FROM unnest(%(event_ids)s::uuid[], %(post_ids)s::text[])
ON CONFLICT (event_id) DO NOTHING
"""
READ = f"""
SELECT {raw.COLUMNS} FROM domain_events
WHERE position > %(after)s AND position <= %(safe)s AND event_type = 'content.post.created'
ORDER BY position LIMIT 1000
"""
SAFE = "SELECT safe_position()"
KEEP = "UPDATE projection_checkpoints SET position = %(position)s, updated_at = now() WHERE name = %(name)s"
EVENT_ID, PAYLOAD = 1, 14
# Seconds without rows after which the bare loop looks again.
PAUSE = 0.0005
_decode = msgspec.json.Decoder(ContentPostCreated).decode


class Posts(Projection):
    """Keeps the table, and notes when a batch is committed."""

    name = CHECKPOINT
    event_types = frozenset({"content.post.created"})
    # As a model whose table no app has.
    models: ClassVar[Any] = (SimpleNamespace(_meta=SimpleNamespace(db_table="benchmark_posts")),)

    def __init__(self, committed: dict[str, float]) -> None:
        self._committed = committed

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        """Write the posts that the events tell of."""
        event_ids = [str(event.event_id) for event in events]
        posts = [event.payload.post_id for event in events if isinstance(event.payload, ContentPostCreated)]
        with connection.cursor() as cursor:
            cursor.execute(WRITE, {"event_ids": event_ids, "post_ids": posts})
        transaction.on_commit(lambda: self._committed.update(dict.fromkeys(event_ids, time.perf_counter())))


def nova_projection(committed: dict[str, float], stop: threading.Event) -> None:
    """Nova's runner."""
    collect_seldom()
    ProjectionRunner([Posts(committed)], projections_conf()).run(stop)


def bare_projection(committed: dict[str, float], stop: threading.Event) -> None:
    """Read, write, keep, commit."""
    # From where the log was when the measure began, as Nova's does.
    position = ProjectionCheckpoint.objects.get(name=CHECKPOINT).position
    with raw.connect(os.environ["DATABASE_URL"]) as client:
        while not stop.is_set():
            ((safe,),) = client.execute(SAFE).fetchall()
            if safe <= position:
                time.sleep(PAUSE)
                continue
            with client.transaction():
                rows = client.execute(READ, {"after": position, "safe": safe}).fetchall()
                event_ids = [str(row[EVENT_ID]) for row in rows]
                posts = [_decode(row[PAYLOAD]).post_id for row in rows]
                client.execute(WRITE, {"event_ids": event_ids, "post_ids": posts})
                client.execute(KEEP, {"position": safe, "name": CHECKPOINT})
            position = safe
            committed.update(dict.fromkeys(event_ids, time.perf_counter()))
