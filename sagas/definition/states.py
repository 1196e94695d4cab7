"""State machine: a saga of the reacting style, as named states in which events lead on to others, as data.

Each state may ask a participant for something when it is entered; an event that it reacts to leads to the next one.
What an event means depends on the state alone, so this style fits processes that branch, wait, or go round (after
MassTransit's state machines). Steps (`sagas/definition/saga.py`) fit those that are done one after the other and undone
in reverse, for which the machine finds the way back by itself.

    FULFILMENT = StateMachine(
        name="order-fulfilment",
        data=Fulfilment,
        key="order_id",
        starts=(Start(event=OrderCreated, data=ordered),),
        states=(
            State(
                name="reserving",
                request=Request(event=ReserveRequested, make=reserve),
                on=(On(event=StockReserved, to="charging"), On(event=StockInsufficient, to=FAILED)),
                deadline=timedelta(minutes=5),
            ),
            State(name="charging", …, on=(On(event=PaymentProcessed, to=COMPLETED), …)),
        ),
    )
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from msgspec import Struct

from kit.pacing.retry import RetryPolicy
from sagas.definition.saga import Kind, Reply, Request, Saga, Step

COMPLETED = "completed"
COMPENSATED = "compensated"
FAILED = "failed"
ENDS = (COMPLETED, COMPENSATED, FAILED)
"""Where an instance may end."""
OPERATOR = "awaiting_operator"
"""Where an instance stays in its state until an operator lets it ask again, or gives it up."""


class On(Struct, frozen=True, kw_only=True):
    """A reaction: what follows when an event comes in a state."""

    event: type[Struct]
    to: str
    """The next state, an end, or `OPERATOR`."""
    doubtful: str = ""
    """Where it leads instead while another attempt of the state's request is unanswered: that one may have had its
    effect, or have it later. The same when left out."""
    when: Callable[[Any, Any], bool] | None = None
    """Whether the state reacts at all, from the data and the payload; always when it is left out."""
    update: Callable[[Any, Any], Struct] | None = None
    """The data afterwards, from the data and the payload; unchanged when it is left out."""
    reason: Callable[[Any], str] | None = None
    """Why the instance has failed, from the payload: from here on it goes back. Left out, it goes as it went before."""
    key: str = ""
    """The payload's field that names the instance; that of the saga when it is left out."""


class State(Struct, frozen=True, kw_only=True):
    """Where an instance can be. Without a request it waits for an event from outside, or for its deadline."""

    name: str
    on: tuple[On, ...] = ()
    """The first that fits counts."""
    request: Request | None = None
    """What is asked for when the state is entered."""
    deadline: timedelta | None = None
    """For each attempt. An attempt without an answer may have had its effect."""
    retry: RetryPolicy = RetryPolicy(limit=0)
    """How often it is asked for again, at once, when a deadline has passed."""
    late: str = OPERATOR
    """Where the last deadline leads."""

    def targets(self) -> tuple[str, ...]:
        """Where it may lead."""
        found = [target for one in self.on for target in (one.to, one.doubtful) if target]
        return tuple(dict.fromkeys([*found, *([self.late] if self.deadline is not None else [])]))


class StateMachine(Saga, frozen=True, kw_only=True, eq=False):
    """A kind of saga of the reacting style. It has states instead of stages; the first is that in which it begins."""

    states: tuple[State, ...] = ()

    def state(self, name: str) -> State:
        """The state of that name. Raises `KeyError`."""
        return _by_name(self)[name]

    def groups(self) -> tuple[tuple[Step, ...], ...]:
        """Its states as storage, timers and console know them: one step each, in the order of the states."""
        return _as_steps(self)

    def ahead(self, name: str) -> frozenset[str]:
        """The states that may come after that one; the same again, where a way leads round."""
        return _ahead(self)[name]


@cache
def _by_name(machine: StateMachine) -> Mapping[str, State]:
    return {state.name: state for state in machine.states}


@cache
def _as_steps(machine: StateMachine) -> tuple[tuple[Step, ...], ...]:
    return tuple(
        (
            Step(
                name=state.name,
                kind=Kind.RETRIABLE,
                request=state.request,
                replies=tuple(Reply(event=on.event, outcome="done", update=on.update, key=on.key) for on in state.on),
                deadline=state.deadline,
                retry=state.retry,
            ),
        )
        for state in machine.states
    )


@cache
def _ahead(machine: StateMachine) -> Mapping[str, frozenset[str]]:
    known = _by_name(machine)
    found: dict[str, frozenset[str]] = {}
    for state in machine.states:
        seen: set[str] = set()
        left = list(state.targets())
        while left:
            name = left.pop()
            if name in known and name not in seen:
                seen.add(name)
                left += known[name].targets()
        found[state.name] = frozenset(seen)
    return found
