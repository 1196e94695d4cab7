"""Arrival of events: whether all are published, handled and projected, and how long that took."""

import time
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from nova.demo.exceptions import DemoError
from nova.demo.sending import Latency
from outbox.api import Delivery, deliveries, registered_groups
from projections.api import projection_statuses

ARRIVAL_TIMEOUT = 60.0  # seconds
POLL_INTERVAL = 0.05


class Arrival(Struct, frozen=True, kw_only=True):
    """What has become of a set of events."""

    published: int
    consumed: dict[str, int]
    """Events that have had their effect, by consumer group."""
    projected: int
    """Events that the projections are past."""
    to_topic: Latency
    """From the append until the broker had it."""
    to_effect: Latency
    """From the append until the last of the groups had handled it."""


def await_arrival(event_ids: Collection[UUID], *, expected: dict[str, int]) -> Arrival:
    """Wait until all events are published, handled by the groups (`expected`: how many by which) and projected.

    Raises `DemoError` saying what is missing after a minute.
    """
    deadline = time.monotonic() + ARRIVAL_TIMEOUT
    while True:
        found = deliveries(event_ids).values()
        published = sum(delivery.published_at is not None for delivery in found)
        consumed = {group.name: 0 for group in registered_groups()} | Counter(
            group for delivery in found for group in delivery.handled_at
        )
        projected_to = min(status.position for status in projection_statuses())
        projected = sum(delivery.position <= projected_to for delivery in found)
        if published == projected == len(event_ids) and all(
            consumed[name] >= count for name, count in expected.items()
        ):
            break
        if time.monotonic() > deadline:
            raise DemoError(
                f"after {ARRIVAL_TIMEOUT:.0f} s, of {len(event_ids)} events {published} are published, "
                f"{projected} projected, and consumed are {consumed} where {expected} were expected; "
                "`manage.py status` tells what runs"
            )
        time.sleep(POLL_INTERVAL)
    return Arrival(
        published=published,
        consumed=consumed,
        projected=projected,
        to_topic=Latency.of([_milliseconds(one, one.published_at) for one in found if one.published_at]),
        to_effect=Latency.of([_milliseconds(one, max(one.handled_at.values())) for one in found if one.handled_at]),
    )


def _milliseconds(delivery: Delivery, until: datetime) -> float:
    return (until - delivery.recorded_at).total_seconds() * 1000
