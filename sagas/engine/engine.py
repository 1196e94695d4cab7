"""Saga engine: a batch of events moves instances on; state, history, requests and timers commit together (I9).

It runs in the consumer's transaction, beside the inbox: an event that is delivered again changes nothing, and what a
crash interrupts has not happened.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from django.db import transaction

from outbox.api import Poisonous, ReceivedEvent
from sagas import metrics
from sagas.definition.registry import sagas
from sagas.definition.saga import Saga
from sagas.engine.external import external_events
from sagas.engine.requests import Origin, append_requests
from sagas.engine.storage import forget, lock, save
from sagas.machine.history import Cause, Made
from sagas.machine.instance import Arrival, Instance, Status
from sagas.machine.machine import arrive

log = structlog.get_logger(__name__)

MAX_KEY = 255


def advance(saga: Saga, events: Sequence[ReceivedEvent]) -> None:
    """Let these events move the saga's instances on, each in its order. Raises `Poisonous` for a key that cannot be."""
    keyed = [(key, event) for event in events if (key := _key(saga, event))]
    if not keyed:
        return
    now = datetime.now(UTC)
    # The consumer's transaction, or one of its own. It needs no savepoint: what fails here fails the consumer's batch.
    with transaction.atomic(savepoint=False):
        instances = lock(saga, {key for key, _ in keyed})
        external = external_events([event for _, event in keyed])
        made: list[tuple[Made, Origin]] = []
        for key, event in keyed:
            instance = instances[key]
            one = _advance_one(saga, instance, event, is_external=event.event_id in external, now=now)
            if one is not None:
                instances[key] = one.transition.instance
                made.append((one, Origin(user_id=event.user_id, traceparent=event.traceparent, clock=event.clock)))
        save([one for one, _ in made])
        forget([instance.saga_id for instance in instances.values() if not instance.version])
        append_requests(made)
        transaction.on_commit(lambda: metrics.count([one for one, _ in made]), robust=True)


def _advance_one(
    saga: Saga, instance: Instance, event: ReceivedEvent, *, is_external: bool, now: datetime
) -> Made | None:
    """The transition that the event leads to; None where it leads to none."""
    definition = saga if instance.status is Status.UNSTARTED else sagas.of_shape(saga.name, instance.shape)
    arrival = Arrival(
        event_id=event.event_id,
        payload=event.payload,
        causation_id=event.causation_id,
        correlation_id=event.correlation_id or event.event_id,
    )
    transition = arrive(definition, instance, arrival, now=now)
    if transition.ignored:
        log.info(
            "saga_ignores_event",
            saga=saga.name,
            key=instance.key,
            event_type=event.event_type,
            event_id=str(event.event_id),
            reason=transition.ignored,
        )
        metrics.IGNORED.labels(saga_type=saga.name).inc()
        return None
    cause = Cause(kind="event", type=event.event_type, event_id=event.event_id, event=arrival if is_external else None)
    return Made(saga=definition, before=instance, transition=transition, cause=cause, at=now)


def _key(saga: Saga, event: ReceivedEvent) -> str:
    key = saga.key_of(event.payload)
    if len(key) > MAX_KEY or "\0" in key:
        raise Poisonous(f"saga {saga.name}: the key of an instance has at most {MAX_KEY} characters, and no NUL")
    return key
