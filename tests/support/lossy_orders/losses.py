"""Losses: one reply of twenty never reaches the fulfilment of orders, which is asked for again after seconds.

Which one, its id says: a reply that is lost is lost however often it is delivered, and the answer to the next attempt
is another one. Participants know nothing of it: what they were asked for, they have done.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from msgspec import structs

from nova.services.orders.fulfilment.sagas import ORDER_FULFILMENT
from nova.services.orders.service import FULFILMENT
from outbox.api import ReceivedEvent, group_named, register_groups
from sagas.api import Parallel, RetryPolicy, Saga, Step, sagas
from sagas.engine.engine import advance

LOST_OF = 20
REPLY_TIMEOUT = timedelta(seconds=30)
ATTEMPTS = RetryPolicy(limit=20, cap=5.0)
"""So many that nobody is given up for being slow while everything is killed over and over."""


def is_lost(event_id: UUID) -> bool:
    """Whether the reply with that id never arrives."""
    return event_id.int % LOST_OF == 0


def lose_replies() -> None:
    """Let the group that moves fulfilments on never see lost replies, and be patient for a shorter time each."""
    hurried = hurry(ORDER_FULFILMENT)
    sagas.forget(ORDER_FULFILMENT)
    sagas.register(hurried)
    group = group_named(FULFILMENT.name)
    handlers = [
        structs.replace(one, handle_batch=partial(_advance_lossily, hurried)) if one.name == hurried.name else one
        for one in group.handlers
    ]
    register_groups([structs.replace(group, handlers=handlers)])


def hurry(saga: Saga) -> Saga:
    """The same saga, with shorter deadlines and more attempts. Its shape is the same."""

    def hurry_step(step: Step) -> Step:
        back = step.compensation
        return structs.replace(
            step,
            deadline=REPLY_TIMEOUT if step.request else step.deadline,
            retry=ATTEMPTS,
            compensation=structs.replace(back, deadline=REPLY_TIMEOUT, retry=ATTEMPTS) if back else None,
        )

    stages = [
        Parallel(tuple(map(hurry_step, stage.steps))) if isinstance(stage, Parallel) else hurry_step(stage)
        for stage in saga.stages
    ]
    return structs.replace(saga, stages=tuple(stages))


def _advance_lossily(saga: Saga, events: Sequence[ReceivedEvent]) -> None:
    advance(saga, [event for event in events if saga.start(type(event.payload)) or not is_lost(event.event_id)])
