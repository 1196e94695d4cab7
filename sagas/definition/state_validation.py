"""State machine validation: a state that cannot be reached, or that cannot be left, is refused at start."""

from collections import Counter
from collections.abc import Iterator

from sagas.definition.states import COMPLETED, ENDS, OPERATOR, StateMachine


def reasons_against_states(machine: StateMachine) -> Iterator[str]:
    """What is wrong with the states, beside what may be wrong with any saga."""
    names = {state.name for state in machine.states}
    if machine.stages:
        yield "it has states, and stages as well"
    if machine.interrupts:
        yield "it has states, and interrupts as well: let the states react to them"
    for name in names.intersection((*ENDS, OPERATOR)):
        yield f"a state is called {name!r}, as an end is"
    for state in machine.states:
        for target in state.targets():
            if target not in names and target not in (*ENDS, OPERATOR):
                yield f"state {state.name!r} leads to {target!r}, which there is not"
        if not state.on and state.deadline is None:
            yield f"nothing leads out of state {state.name!r}"
        for event, number in Counter(on.event for on in state.on if on.when is None).items():
            if number > 1:
                yield f"state {state.name!r} reacts to {event.__name__} in {number} ways"
        if state.retry.limit and (state.request is None or state.deadline is None):
            yield f"state {state.name!r} asks again, and asks for nothing, or has no deadline"
    if machine.states:
        yield from _ways(machine)


def _ways(machine: StateMachine) -> Iterator[str]:
    """Whether each state can be reached, and whether an end can be reached from each."""
    first, *others = machine.states
    for state in others:
        if state.name not in machine.ahead(first.name):
            yield f"state {state.name!r} cannot be reached"
    for state in machine.states:
        onwards = [state, *(machine.state(name) for name in machine.ahead(state.name))]
        if not any(target in ENDS for one in onwards for target in one.targets()):
            yield f"from state {state.name!r} no end can be reached"
    if not any(COMPLETED in state.targets() for state in machine.states):
        yield "it can never be completed"
