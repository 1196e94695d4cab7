"""Saga definition: what a long-running process consists of, as data and pure functions.

A saga begins with an event, finds its instance by a field of its events (the correlation key), and takes its steps
stage by stage. A step asks a participant for something and is done when a reply says so. Steps before the pivot can be
undone, the pivot decides, and what comes after it is tried until it succeeds (H. Garcia-Molina, K. Salem, "Sagas",
1987; the kinds of steps are C. Richardson's). Longer than most modules: its parts are made of one another.

    FULFILMENT = Saga(
        name="order-fulfilment",
        data=Fulfilment,
        key="order_id",
        starts=(Start(event=OrderCreated, data=ordered),),
        stages=(
            Step(
                name="reserve",
                request=Request(event=ReserveRequested, make=reserve),
                replies=(done(StockReserved), refused(StockInsufficient)),
                compensation=Compensation(
                    request=Request(event=ReleaseRequested, make=release), replies=(done(StockReleased),)
                ),
                deadline=timedelta(minutes=5),
            ),
            Step(name="charge", kind=Kind.PIVOT, …),
            Step(name="ship", kind=Kind.RETRIABLE, …),
        ),
    )
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Literal

from msgspec import Struct

from kit.pacing.retry import RetryPolicy

Outcome = Literal["done", "failed", "refused"]
"""What a reply says: it is done; it has failed and may succeed in another attempt; it will never be done."""


class Kind(StrEnum):
    """What may become of a step's effect."""

    COMPENSATABLE = "compensatable"
    """It can be undone."""
    PIVOT = "pivot"
    """It decides: until it is done everything can be undone, and from then on nothing needs to be."""
    RETRIABLE = "retriable"
    """It cannot fail for ever: it is tried again until it succeeds, in the end by an operator."""


class Start(Struct, frozen=True, kw_only=True):
    """An event that begins an instance, where there is none of its key."""

    event: type[Struct]
    data: Callable[[Any], Struct]
    """The instance's data, from the event's payload."""
    key: str = ""
    """The payload's field that names the instance; that of the saga when it is left out."""


class Request(Struct, frozen=True, kw_only=True):
    """What a participant is asked for: an event, which is appended to the saga's own stream and travels as any other.

    Its id follows from the instance, the step and the attempt, so that it takes effect once.
    """

    event: type[Struct]
    make: Callable[[Any, int], Struct]
    """The event's payload, from the instance's data and the number of the attempt, from 1."""


class Reply(Struct, frozen=True, kw_only=True):
    """An event that says what has become of a request, or that has been waited for."""

    event: type[Struct]
    outcome: Outcome
    update: Callable[[Any, Any], Struct] | None = None
    """The data afterwards, from the data and the payload; unchanged when it is left out."""
    reason: Callable[[Any], str] | None = None
    """Why it was not done, from the payload; the event's name when it is left out."""
    key: str = ""
    """The payload's field that names the instance; that of the saga when it is left out."""


def done(event: type[Struct], update: Callable[[Any, Any], Struct] | None = None, *, key: str = "") -> Reply:
    """A reply that says that it is done."""
    return Reply(event=event, outcome="done", update=update, key=key)


def failed(
    event: type[Struct],
    reason: Callable[[Any], str] | None = None,
    update: Callable[[Any, Any], Struct] | None = None,
    *,
    key: str = "",
) -> Reply:
    """A reply that says that it has failed, which another attempt may mend."""
    return Reply(event=event, outcome="failed", reason=reason, update=update, key=key)


def refused(
    event: type[Struct],
    reason: Callable[[Any], str] | None = None,
    update: Callable[[Any, Any], Struct] | None = None,
    *,
    key: str = "",
) -> Reply:
    """A reply that says that it will never be done: no other attempt is made."""
    return Reply(event=event, outcome="refused", reason=reason, update=update, key=key)


class Compensation(Struct, frozen=True, kw_only=True):
    """How the effect of a step is undone. It must bear that there is none."""

    request: Request
    replies: tuple[Reply, ...] = ()
    """None where the request alone is enough."""
    deadline: timedelta = timedelta(minutes=1)
    """For each attempt; then it is asked for again."""
    retry: RetryPolicy = RetryPolicy(limit=10, base=1.0, cap=300.0)


class Step(Struct, frozen=True, kw_only=True):
    """One step. Without a request it waits for an event from outside; without replies as well, it is done at once."""

    name: str
    kind: Kind = Kind.COMPENSATABLE
    request: Request | None = None
    replies: tuple[Reply, ...] = ()
    compensation: Compensation | None = None
    """Of a pivot, for the case that nobody knows whether it was done; without it, an operator finds out."""
    changes: bool = True
    """Whether the request changes anything at the participant; one that only asks needs no compensation."""
    deadline: timedelta | None = None
    """For each attempt. An attempt without a reply may have had its effect."""
    retry: RetryPolicy = RetryPolicy(limit=0)
    when: Callable[[Any], bool] | None = None
    """Whether the step is taken at all, from the data as it is when its stage begins; always when it is left out."""
    otherwise: Callable[[Any], Struct] | None = None
    """The data once the last deadline has passed: the step is done then. Without it, the step has failed."""


class Parallel(Struct, frozen=True):
    """Steps that are taken side by side; the next stage begins when all of them are done."""

    steps: tuple[Step, ...]


class Interrupt(Struct, frozen=True, kw_only=True):
    """An event from outside that turns an instance back, as a refused step does, while that is possible.

    Once the pivot has begun, nothing is turned back any more: it is ignored. One that comes before the beginning waits
    for it.
    """

    event: type[Struct]
    update: Callable[[Any, Any], Struct] | None = None
    """The data afterwards, from the data and the payload; unchanged when it is left out."""
    reason: Callable[[Any], str] | None = None
    """Why it goes back, from the payload; the event's name when it is left out."""
    key: str = ""
    """The payload's field that names the instance; that of the saga when it is left out."""


class Route(Struct, frozen=True, kw_only=True):
    """Whose reply an event may be."""

    step: Step
    undo: bool
    """Whether it answers the compensation."""
    reply: Reply


class Saga(Struct, frozen=True, kw_only=True, eq=False):
    """A kind of saga."""

    name: str
    """1 to 100 letters, digits, `.`, `_` and `-`."""
    data: type[Struct]
    """The class of an instance's data: a struct that msgspec can write as JSON."""
    key: str
    """The field of its events that names the instance: `order_id`."""
    starts: tuple[Start, ...]
    stages: tuple[Step | Parallel, ...] = ()
    interrupts: tuple[Interrupt, ...] = ()
    """What turns it back from outside."""
    stream: str = ""
    """The aggregate type of the streams that its requests are appended to, one an instance; its name when left out."""

    @property
    def stream_type(self) -> str:
        """The aggregate type of its streams."""
        return self.stream or self.name

    def groups(self) -> tuple[tuple[Step, ...], ...]:
        """The steps of each stage."""
        return _groups(self)

    def steps(self) -> Iterator[Step]:
        """All steps, in the order of the stages."""
        for group in self.groups():
            yield from group

    def step(self, name: str) -> Step:
        """The step of that name. Raises `KeyError`."""
        for step in self.steps():
            if step.name == name:
                return step
        raise KeyError(name)

    def routes(self, event: type[Struct]) -> tuple[Route, ...]:
        """Whose replies events of that class may be, in the order of the steps."""
        return _routes(self).get(event, ())

    def start(self, event: type[Struct]) -> Start | None:
        """How an event of that class begins an instance, if it does."""
        return _starts(self).get(event)

    def interrupt(self, event: type[Struct]) -> Interrupt | None:
        """How an event of that class turns an instance back, if it does."""
        return next((interrupt for interrupt in self.interrupts if interrupt.event is event), None)

    def decisive_stage(self) -> int:
        """The place of the stage from which on nothing is undone: that of the pivot, or else of the first step that
        cannot fail for ever; behind the last, where everything can be undone.
        """
        return _decisive_stage(self)

    def events(self) -> tuple[type[Struct], ...]:
        """The classes of all events that it listens to."""
        starts = (start.event for start in self.starts)
        interrupts = (interrupt.event for interrupt in self.interrupts)
        return tuple(dict.fromkeys((*starts, *interrupts, *_routes(self))))

    def requests(self) -> tuple[Request, ...]:
        """All that it may ask for."""
        found = [step.request for step in self.steps()]
        found += [step.compensation.request for step in self.steps() if step.compensation]
        return tuple(request for request in found if request)

    def key_of(self, payload: Struct) -> str:
        """The key of the instance that the event is for; empty where the event names none."""
        value = getattr(payload, _key_fields(self).get(type(payload), self.key), None)
        return "" if value is None else str(value)


@cache
def _groups(saga: Saga) -> tuple[tuple[Step, ...], ...]:
    return tuple(stage.steps if isinstance(stage, Parallel) else (stage,) for stage in saga.stages)


@cache
def _decisive_stage(saga: Saga) -> int:
    groups = saga.groups()
    for kind in (Kind.PIVOT, Kind.RETRIABLE):
        for place, group in enumerate(groups):
            if any(step.kind is kind for step in group):
                return place
    return len(groups)


@cache
def _starts(saga: Saga) -> Mapping[type[Struct], Start]:
    return {start.event: start for start in reversed(saga.starts)}


@cache
def _key_fields(saga: Saga) -> Mapping[type[Struct], str]:
    """By class of event, the field that names the instance; the first that says so counts."""
    of_replies = {event: routes[0].reply.key or saga.key for event, routes in _routes(saga).items()}
    of_interrupts = {interrupt.event: interrupt.key or saga.key for interrupt in saga.interrupts}
    return of_interrupts | of_replies | {event: start.key or saga.key for event, start in _starts(saga).items()}


@cache
def _routes(saga: Saga) -> Mapping[type[Struct], tuple[Route, ...]]:
    """By class of event; looked up for every event that arrives."""
    found: dict[type[Struct], tuple[Route, ...]] = {}
    for step in saga.steps():
        for reply in step.replies:
            route = Route(step=step, undo=False, reply=reply)
            found[reply.event] = (*found.get(reply.event, ()), route)
        for reply in step.compensation.replies if step.compensation else ():
            route = Route(step=step, undo=True, reply=reply)
            found[reply.event] = (*found.get(reply.event, ()), route)
    return found
