"""Flagged posts by the thousand: moderation cases that wait for their reviewers, as the engine itself stores them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from django.db import transaction

from nova.services.content.events import ContentFlagged
from nova.services.moderation.sagas import MODERATION, REVIEW_TIME
from sagas.engine.storage import lock, save
from sagas.machine.history import Cause, Made
from sagas.machine.instance import Arrival, Instance
from sagas.machine.machine import arrive

BATCH = 2_000


def begin_cases(due: Sequence[datetime]) -> list[str]:
    """Begin a case for each of these times, so that its timer is due then; their keys.

    Each has begun so much before as a reviewer is given. What it asked reviewers for is not in the log: timers do not
    look at it, and writing it takes longer than all else.
    """
    keys: list[str] = []
    for place in range(0, len(due), BATCH):
        times = {f"post-{uuid4()}": time for time in due[place : place + BATCH]}
        with transaction.atomic():
            instances = lock(MODERATION, times)
            save([_begun(instances[key], at=time - REVIEW_TIME) for key, time in times.items()])
        keys += times
    return keys


def _begun(instance: Instance, *, at: datetime) -> Made:
    arrival = Arrival(event_id=uuid4(), payload=ContentFlagged(content_id=instance.key, reason="spam"))
    return Made(
        saga=MODERATION,
        before=instance,
        transition=arrive(MODERATION, instance, arrival, now=at),
        cause=Cause(kind="event", type="content.flagged", event_id=arrival.event_id),
        at=at,
    )
