"""Saga machine: an instance, an input and the time give a transition. Pure: no clock, no database, no chance.

Of steps, the way leads forward (`forward`) until one before the pivot is lost; then it leads back (`backward`). States
lead from one to the next (`states`). Which of the two a definition has is told here, and by operators' verbs.
"""

from collections.abc import Sequence
from datetime import datetime

from sagas.definition.saga import Route, Saga, Step
from sagas.definition.states import StateMachine
from sagas.machine import states
from sagas.machine.backward import begin_undo, go_back, pass_undo_deadline, take_undo_reply
from sagas.machine.forward import begin, go_on, pass_deadline, take_interrupt, take_reply, waits
from sagas.machine.instance import UNDOING, Arrival, Instance, Status, StepState, StepStatus, request_id
from sagas.machine.progress import Progress
from sagas.machine.transition import Purpose, Timer, Transition


def arrive(saga: Saga, instance: Instance, arrival: Arrival, *, now: datetime) -> Transition:
    """What follows from an event that was received."""
    start = saga.start(type(arrival.payload))
    progress = Progress(saga, instance, now=now)
    if start is None:
        ignored = _take(progress, arrival)
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
        _begin(progress)
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
    if isinstance(saga, StateMachine):
        states.pass_deadline(progress, saga, step)
    else:
        _look_again(progress, step, timer.purpose)
    _take_parked(progress)
    return progress.transition()


def _begin(progress: Progress) -> None:
    if isinstance(progress.saga, StateMachine):
        states.enter(progress, progress.saga, progress.saga.states[0].name)
    else:
        go_on(progress)


def _look_again(progress: Progress, step: Step, purpose: Purpose) -> None:
    """Do with a step what its timer was set for."""
    match purpose:
        case Purpose.DEADLINE:
            pass_deadline(progress, step)
        case Purpose.RETRY:
            begin(progress, step)
        case Purpose.UNDO_DEADLINE:
            pass_undo_deadline(progress, step)
        case Purpose.UNDO_RETRY:
            begin_undo(progress, step)
    _proceed(progress)


def _take(progress: Progress, arrival: Arrival) -> str:
    """Let the event count or be parked; otherwise why it does neither."""
    if progress.instance.status.is_end:
        return f"the instance is {progress.instance.status}"
    if isinstance(progress.saga, StateMachine):
        return states.react(progress, progress.saga, arrival)
    if interrupt := progress.saga.interrupt(type(arrival.payload)):
        return take_interrupt(progress, interrupt, arrival)
    return _reply(progress, arrival)


def _reply(progress: Progress, arrival: Arrival) -> str:
    """Let the event count as a reply to a step."""
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
    early = any(not one.undo and progress.state(one.step).status is StepStatus.PENDING for one in routes)
    if not early or progress.instance.failure:
        return "no step waits for it any more"
    return progress.park(arrival)


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
            _take(progress, arrival)
            moved = moved or progress.moves > before


def _is_for(timer: Timer, state: StepState) -> bool:
    expected = {
        Purpose.DEADLINE: (StepStatus.RUNNING, state.attempt),
        Purpose.RETRY: (StepStatus.RETRYING, state.attempt),
        Purpose.UNDO_DEADLINE: (StepStatus.COMPENSATING, state.undo),
        Purpose.UNDO_RETRY: (StepStatus.UNDO_RETRYING, state.undo),
    }[timer.purpose]
    return (state.status, timer.attempt) == expected
