"""Metrics of sagas: what began, how it ended and how long it took, and how late timers fire."""

from collections import Counter as Counts
from collections.abc import Iterable

from prometheus_client import Counter, Histogram

from sagas.machine.history import Made
from sagas.machine.instance import Status

MINUTES = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600)

DURATION = Histogram("saga_duration", "Seconds from begin to end.", ["saga_type", "outcome"], buckets=MINUTES)
STARTED = Counter("sagas_started", "Instances that have begun.", ["saga_type"])
ENDED = Counter("sagas_ended", "Instances that have ended.", ["saga_type", "outcome"])
STUCK = Counter("sagas_stuck", "Times that an instance began to wait for an operator.", ["saga_type", "status"])
TRANSITIONS = Counter("saga_transitions", "Transitions that instances have made.", ["saga_type"])
IGNORED = Counter("saga_events_ignored", "Events that led an instance to nothing.", ["saga_type"])
LATENESS = Histogram(
    "saga_timer_lateness_seconds",
    "Seconds from when a timer was due until it fired.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 60, 600),
)


def count(made: Iterable[Made], *, late: Iterable[float] = ()) -> None:
    """Count what was committed; `late` are the seconds by which its timers were late."""
    transitions: Counts[str] = Counts()
    for one in made:
        name, before, after = one.saga.name, one.before.status, one.transition.instance
        transitions[name] += 1
        if before is after.status:
            continue
        if before is Status.UNSTARTED:
            STARTED.labels(saga_type=name).inc()
        if after.status.is_end:
            ENDED.labels(saga_type=name, outcome=after.status).inc()
            if after.started_at:
                seconds = (one.at - after.started_at).total_seconds()
                DURATION.labels(saga_type=name, outcome=after.status).observe(seconds)
        if after.status.is_stuck and not before.is_stuck:
            STUCK.labels(saga_type=name, status=after.status).inc()
    for name, number in transitions.items():
        TRANSITIONS.labels(saga_type=name).inc(number)
    for seconds in late:
        LATENESS.observe(max(0.0, seconds))
