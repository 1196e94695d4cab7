"""Has everything arrived, and how long did it take? Looked up in the tables, which are the truth."""

import time
from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from msgspec import Struct

from nova.demo.exceptions import DemoError
from outbox.api import registered_groups

ARRIVAL_TIMEOUT = 60.0  # seconds
PAUSE = 0.05


class Latency(Struct, frozen=True, kw_only=True):
    """Milliseconds from the append."""

    p50: float
    p99: float


class Arrival(Struct, frozen=True, kw_only=True):
    """What has become of a set of events."""

    published: int
    consumed: dict[str, int]
    """Events that have had their effect, by consumer group."""
    projected: int
    """Events that the projections are past."""
    to_topic: Latency
    """Until the broker had it."""
    to_effect: Latency
    """Until the last of the groups had handled it."""


_PUBLISHED = "SELECT count(*) FROM outbox_events WHERE event_id = ANY(%s) AND published"
_CONSUMED = "SELECT consumer, count(*) FROM inbox WHERE event_id = ANY(%s) GROUP BY consumer ORDER BY consumer"
_PROJECTED = """
SELECT count(*) FROM domain_events
WHERE event_id = ANY(%s) AND position <= (SELECT min(position) FROM projection_checkpoints)
"""
_TO_TOPIC = """
SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM published_at - created_at) * 1000)
FROM outbox_events WHERE event_id = ANY(%s)
"""
_TO_EFFECT = """
SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM i.last - d.created_at) * 1000)
FROM domain_events d JOIN (
    SELECT event_id, max(processed_at) AS last FROM inbox WHERE event_id = ANY(%s) GROUP BY event_id
) i USING (event_id)
"""


def await_arrival(event_ids: Sequence[UUID], *, expected: dict[str, int]) -> Arrival:
    """Wait until all events are published, handled by the groups (`expected`: how many by which) and projected.

    Raises `DemoError` saying what is missing after a minute.
    """
    ids = list(event_ids)
    deadline = time.monotonic() + ARRIVAL_TIMEOUT
    while True:
        published, consumed, projected = _scalar(_PUBLISHED, ids), _consumed(ids), _scalar(_PROJECTED, ids)
        if published == projected == len(ids) and all(consumed[group] >= count for group, count in expected.items()):
            break
        if time.monotonic() > deadline:
            raise DemoError(
                f"after {ARRIVAL_TIMEOUT:.0f} s, of {len(ids)} events {published} are published, {projected} projected, "
                f"and consumed are {consumed} where {expected} were expected; `manage.py status` tells what runs"
            )
        time.sleep(PAUSE)
    return Arrival(
        published=published,
        consumed=consumed,
        projected=projected,
        to_topic=_latency(_TO_TOPIC, ids),
        to_effect=_latency(_TO_EFFECT, ids),
    )


def _consumed(ids: list[UUID]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_CONSUMED, [ids])
        return dict.fromkeys((group.name for group in registered_groups()), 0) | dict(cursor.fetchall())


def _scalar(query: str, ids: list[UUID]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, [ids])
        return int(cursor.fetchone()[0])


def _latency(query: str, ids: list[UUID]) -> Latency:
    with connection.cursor() as cursor:
        cursor.execute(query, [ids])
        p50, p99 = cursor.fetchone()[0]
    return Latency(p50=float(p50), p99=float(p99))
