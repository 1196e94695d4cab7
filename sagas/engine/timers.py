"""Saga timers: rows that are due move instances on, each once, whoever looks and however often.

Who looks takes the instances that nobody else is at, and reads their timers afterwards: a reply that came first has
taken its timer away.
"""

from datetime import UTC, datetime, timedelta

import structlog
from django.db import transaction
from msgspec import structs

from sagas import metrics
from sagas.definition.registry import sagas
from sagas.engine.requests import NOBODY, append_requests
from sagas.engine.storage import due_timers, instance_of, lock_due, postpone, save
from sagas.machine.history import Cause, Made
from sagas.machine.instance import Instance
from sagas.machine.machine import expire
from sagas.machine.transition import Timer, Transition

log = structlog.get_logger(__name__)

BATCH = 500
# After which an instance is looked at again that could not make its transition, such as for a fault in its definition.
POSTPONED = timedelta(minutes=1)


def fire_due(*, now: datetime | None = None, limit: int = BATCH) -> int:
    """Let due timers move their instances on, at most so many; how many instances were looked at."""
    now = now or datetime.now(UTC)
    with transaction.atomic():
        rows = lock_due([saga.name for saga in sagas], now=now, limit=limit)
        timers = due_timers([row[0] for row in rows], now=now)
        made: list[Made] = []
        for row in rows:
            due = timers.get(row[0], [])
            try:
                made += _fire(instance_of(row), due, now=now)
            except Exception as error:
                log.exception("saga_timer_failed", saga=row[1], key=row[2])
                postpone(row[0], until=now + POSTPONED, error=f"{type(error).__name__}: {error}"[:2000])
        save(made)
        append_requests([(one, NOBODY) for one in made])
        late = [(now - timer.due).total_seconds() for due in timers.values() for timer in due]
        transaction.on_commit(lambda: metrics.count(made, late=late), robust=True)
    return len(rows)


def _fire(instance: Instance, due: list[Timer], *, now: datetime) -> list[Made]:
    saga = sagas.of_shape(instance.saga, instance.shape)
    made: list[Made] = []
    reset: set[str] = set()
    for timer in due:
        # What came before it has taken it away, or has set another one in its place.
        if timer.step in reset:
            continue
        transition = expire(saga, instance, timer, now=now)
        if transition.ignored:
            transition = _without_effect(instance, timer)
        cause = Cause(kind="timer", type=f"{timer.purpose} of {timer.step}")
        made.append(Made(saga=saga, before=instance, transition=transition, cause=cause, at=now))
        instance = transition.instance
        reset |= transition.cancelled | {one.step for one in transition.timers}
    return made


def _without_effect(instance: Instance, timer: Timer) -> Transition:
    """Take away a timer that was set for what is over."""
    return Transition(
        instance=structs.replace(instance, version=instance.version + 1), cancelled=frozenset({timer.step})
    )
