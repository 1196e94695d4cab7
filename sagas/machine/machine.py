"""Saga machine: an instance, an input and the time give a transition. Pure: no clock, no database, no chance.

The way leads forward (`forward`) until a step before the pivot is lost; then it leads back (`backward`).
"""

from collections.abc import Sequence
from datetime import datetime

from sagas.definition.saga import Route, Saga
from sagas.machine.backward import begin_undo, go_back, pass_undo_deadline, take_undo_reply
from sagas.machine.forward import MAX_PARKED, begin, go_on, pass_deadline, take_reply, waits
from sagas.machine.instance import UNDOING, Arrival, Instance, Status, StepState, StepStatus, request_id
from sagas.machine.progress import Progress
from sagas.machine.transition import Purpose, Timer, Transition


def arrive(saga: Saga, instance: Instance, arrival: Arrival, *, now: datetime) -> Transition:
    """What follows from an event that was received."""
    start = saga.start(type(arrival.payload))
    progress = Progress(saga, instance, now=now)
    if start is None:
        ignored = _reply(progress, arrival)
    elif instance.status is not Status.UNSTARTED:
        ignored = "the instance has begun before"
    else:
        ignored = ""
        progress.change(
            status=Status.RUNNING,
            data=start.data(arrival.payload),
            correlation_id=arrival.correlation_id or instance.saga_id,
            started_at=now,
        )
        go_on(progress)
    if ignored:
        return Transition(instance=instance, ignored=ignored)
    _take_parked(progress)
    return progress.transition()


def expire(saga: Saga, instance: Instance, timer: Timer, *, now: datetime) -> Transition:
    """What follows from a timer that is due. One that was set for what is over does nothing."""
    step = saga.step(timer.step)
    progress = Progress(saga, instance, now=now)
    if instance.status.is_end or not _is_for(timer, progress.state(step)):
        return Transition(instance=instance, ignored="the timer was set for what is over")
    match timer.purpose:
        case Purpose.DEADLINE:
            pass_deadline(progress, step)
        case Purpose.RETRY:
            begin(progress, step)
        case Purpose.UNDO_DEADLINE:
            pass_undo_deadline(progress, step)
        case Purpose.UNDO_RETRY:
            begin_undo(progress, step)
    _proceed(progress)
    _take_parked(progress)
    return progress.transition()


def _reply(progress: Progress, arrival: Arrival) -> str:
    """Let the event count as a reply or be parked; otherwise why it does neither."""
    if progress.instance.status.is_end:
        return f"the instance is {progress.instance.status}"
    routes = progress.saga.routes(type(arrival.payload))
    route = _route_of(progress, routes, arrival)
    if route is None:
        return _park(progress, routes, arrival)
    take = take_undo_reply if route.undo else take_reply
    ignored = take(progress, route.step, route.reply, arrival)
    if not ignored:
        _proceed(progress)
    return ignored


def _park(progress: Progress, routes: Sequence[Route], arrival: Arrival) -> str:
    """Keep an event that some step will wait for; otherwise why not."""
    parked = progress.instance.parked
    early = any(not one.undo and progress.state(one.step).status is StepStatus.PENDING for one in routes)
    if not early or progress.instance.failure:
        return "no step waits for it any more"
    if len(parked) >= MAX_PARKED:
        return f"{MAX_PARKED} replies wait already"
    if any(waiting.event_id == arrival.event_id for waiting in parked):
        return "it waits already"
    progress.park(arrival)
    return ""


def _route_of(progress: Progress, routes: Sequence[Route], arrival: Arrival) -> Route | None:
    """The step that the event answers: by what caused it, else the first that waits for such an event."""
    for route in routes:
        state = progress.state(route.step)
        attempts = range(1, (state.undo if route.undo else state.attempt) + 1)
        ids = (request_id(progress.instance.saga_id, route.step.name, one, undo=route.undo) for one in attempts)
        if arrival.causation_id is not None and arrival.causation_id in ids:
            return route
    for route in routes:
        state = progress.state(route.step)
        if state.status in UNDOING if route.undo else waits(state):
            return route
    return None


def _proceed(progress: Progress) -> None:
    """Go on from where the instance is, in whichever direction it goes."""
    if progress.instance.failure:
        go_back(progress)
    else:
        go_on(progress)


def _take_parked(progress: Progress) -> None:
    """Let parked replies count that are waited for by now."""
    moved = True
    while moved and progress.instance.parked:
        moved = False
        for arrival in progress.unpark():
            before = progress.moves
            _reply(progress, arrival)
            moved = moved or progress.moves > before


def _is_for(timer: Timer, state: StepState) -> bool:
    expected = {
        Purpose.DEADLINE: (StepStatus.RUNNING, state.attempt),
        Purpose.RETRY: (StepStatus.RETRYING, state.attempt),
        Purpose.UNDO_DEADLINE: (StepStatus.COMPENSATING, state.undo),
        Purpose.UNDO_RETRY: (StepStatus.UNDO_RETRYING, state.undo),
    }[timer.purpose]
    return (state.status, timer.attempt) == expected
