"""Idempotent receiver: every request is answered once, by one event, together with all else that it brings about.

A request that comes again is known by its id and gets its first answer. Whoever asks again under another id, because an
answer was lost, gets an answer of its own: what is so already is said again, and nothing else happens.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import transaction
from msgspec import Struct

from events.api import Aggregate, CommandIdConflict, Unavailable, VersionConflict, get_events_by_id
from nova.services.requests.request import Request
from nova.services.requests.unit_of_work import UnitOfWork
from outbox.api import RetryPolicy

OVERTAKEN = RetryPolicy(limit=19, base=0.005, cap=0.25)
"""For requests that were overtaken by somebody who appends to the same streams."""

Happening = tuple[Aggregate[Any], str, Struct]
"""The aggregate, its id, and what happens to it."""
Decide = Callable[[UnitOfWork, Request], Iterable[Happening]]
"""What a request brings about; its answer comes first."""
Prepare = Callable[[UnitOfWork, Sequence[Request]], None]
"""Locks what the requests are about."""


def answer(requests: Sequence[Request], *, prepare: Prepare, decide: Decide) -> list[Struct]:
    """Answer requests in their order, in the open transaction or in one of its own; the payloads of the answers.

    Raises `CommandIdConflict` when an id was used for a request about another order, and `Unavailable` when others
    were faster too often.
    """
    for attempt in range(1, OVERTAKEN.limit + 2):
        try:
            with transaction.atomic():
                return _answer(requests, prepare, decide)
        except VersionConflict:
            time.sleep(OVERTAKEN.delay(attempt, chance=random.random()))  # noqa: S311 - spreads, hides nothing
    raise Unavailable(f"overtaken {OVERTAKEN.limit + 1} times by others; try again")


def _answer(requests: Sequence[Request], prepare: Prepare, decide: Decide) -> list[Struct]:
    work = UnitOfWork()
    prepare(work, requests)
    # Looked for under the lock, or two that answer the same request would both find nothing.
    first = get_events_by_id([request.reply_id for request in requests])
    replies: dict[Any, Struct] = {event.event_id: event.payload for event in first}
    fresh = [request for request in requests if request.reply_id not in replies]
    for request in fresh:
        for number, (aggregate, aggregate_id, payload) in enumerate(decide(work, request)):
            work.record(aggregate, aggregate_id, request.caused(number, payload))
            replies.setdefault(request.reply_id, payload)
    if fresh:
        work.append()
    for request in requests:
        if getattr(replies[request.reply_id], "order_id", None) != request.order_id:
            raise CommandIdConflict(request.command_id)
    return [replies[request.reply_id] for request in requests]
