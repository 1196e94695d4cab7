"""Saga validation: a definition that could end badly is refused before any instance of it begins."""

import re
from collections import Counter
from collections.abc import Iterator

from events.api import registry
from sagas.definition.saga import Interrupt, Kind, Reply, Saga, Start, Step
from sagas.definition.state_validation import reasons_against_states
from sagas.definition.states import StateMachine
from sagas.exceptions import InvalidSaga

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def validate(saga: Saga) -> None:
    """Raise `InvalidSaga` with everything that is wrong with the definition."""
    if wrong := reasons_against(saga):
        raise InvalidSaga(saga.name, wrong)


def reasons_against(saga: Saga) -> list[str]:
    """Everything that is wrong with the definition; nothing for a sound one."""
    if isinstance(saga, StateMachine):
        return [*_names(saga), *_events(saga), *_steps(saga), *reasons_against_states(saga)]
    return [*_names(saga), *_events(saga), *_steps(saga), *_order(saga)]


def _names(saga: Saga) -> Iterator[str]:
    for name in (saga.name, saga.stream_type, *(step.name for step in saga.steps())):
        if not NAME.fullmatch(name):
            yield f"{name!r} is no name: 1 to 100 letters, digits, dots, dashes or underscores"
    for name, number in Counter(step.name for step in saga.steps()).items():
        if number > 1:
            yield f"{number} steps are called {name!r}"


def _events(saga: Saga) -> Iterator[str]:
    if not saga.starts:
        yield "nothing starts it"
    requested = {request.event for request in saga.requests()}
    known = {event.payload for event in registry}
    for event in (*saga.events(), *requested):
        if event not in known:
            yield f"{event.__name__} is no registered event; decorate it with @event"
    for event in requested.intersection(saga.events()):
        yield f"{event.__name__} is asked for and listened to: the saga would answer itself"
    for event in [start.event for start in saga.starts if saga.routes(start.event)]:
        yield f"{event.__name__} starts it and is a reply"
    for event in [
        interrupt.event for interrupt in saga.interrupts if saga.start(interrupt.event) or saga.routes(interrupt.event)
    ]:
        yield f"{event.__name__} turns it back, and starts it or is a reply"
    parts: list[Start | Interrupt | Reply] = [*saga.starts, *saga.interrupts]
    for step in saga.steps():
        parts += [*step.replies, *(step.compensation.replies if step.compensation else ())]
    for part in parts:
        field = part.key or saga.key
        if field not in part.event.__struct_fields__:
            yield f"{part.event.__name__} has no field {field!r}, by which it would find its instance"


def _steps(saga: Saga) -> Iterator[str]:
    if not any(True for _ in saga.steps()):
        yield "it has no steps"
    for step in saga.steps():
        if step.request and step.replies and step.deadline is None:
            yield f"step {step.name!r} asks for something and has no deadline: a lost reply would hold it for ever"
        if step.replies and not any(reply.outcome == "done" for reply in step.replies):
            yield f"no reply says that step {step.name!r} is done"
        if step.otherwise and step.deadline is None:
            yield f"step {step.name!r} says what is so after its deadline, and has none"
        if step.compensation and step.compensation.replies:
            outcomes = {reply.outcome for reply in step.compensation.replies}
            if "done" not in outcomes:
                yield f"no reply says that the compensation of step {step.name!r} is done"


def _order(saga: Saga) -> Iterator[str]:
    """What may come before the pivot, and what after it."""
    groups = saga.groups()
    pivots = [place for place, group in enumerate(groups) if any(step.kind is Kind.PIVOT for step in group)]
    if len([step for step in saga.steps() if step.kind is Kind.PIVOT]) > 1:
        yield "it has more than one pivot"
    if pivots and len(groups[pivots[0]]) > 1:
        yield "its pivot stands in a parallel stage: what stands beside it could neither be undone nor retried"
    end = saga.decisive_stage()
    for place, group in enumerate(groups):
        for step in group:
            if place < end and step.kind is Kind.RETRIABLE:
                yield f"step {step.name!r} is retriable and stands before the pivot: a refusal behind it undoes nothing"
            if place < end and _needs_way_back(step):
                yield f"step {step.name!r} changes something before the pivot and has no compensation"
            if place >= end and step.kind is Kind.COMPENSATABLE and (step.request or step.replies):
                yield f"step {step.name!r} may fail after the pivot, when nothing is undone any more: make it retriable"


def _needs_way_back(step: Step) -> bool:
    return step.kind is not Kind.PIVOT and step.request is not None and step.changes and step.compensation is None
