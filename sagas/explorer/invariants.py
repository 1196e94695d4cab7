"""Invariants: what holds for every saga, whatever it does and whatever happens to it.

They look at what goes out and at where the steps stand, and know nothing of how the machine decides.
"""

from sagas.definition.saga import Saga
from sagas.definition.states import StateMachine
from sagas.machine.instance import LOST, OPEN, Instance, Status, StepStatus
from sagas.machine.transition import Sent

STANDING = (StepStatus.DONE, StepStatus.UNCERTAIN)


class Invariants:
    """Watches one instance."""

    def __init__(self, saga: Saga) -> None:
        self._saga = saga
        self._ran: set[str] = set()
        self._undone: set[str] = set()
        self._going_back = False

    def violated_by(self, before: Instance, sent: Sent, after: Instance) -> str:
        """What is wrong with a request that went out when the instance went from one state to the other."""
        name = sent.step
        if isinstance(self._saga, StateMachine):
            return _in_states(before, after, name)
        if not sent.undo:
            return self._forward(before, name)
        self._going_back = True
        if name not in self._ran:
            return f"step {name} is undone and never ran"
        if before.step(name).status is StepStatus.COMPENSATED or name in self._undone:
            return f"step {name} is undone twice"
        return self._later_ones(name, after)

    def observe(self, instance: Instance) -> None:
        """Remember what has been done and undone by now."""
        self._ran |= {name for name, one in instance.steps.items() if one.status is StepStatus.DONE}
        self._undone |= {name for name, one in instance.steps.items() if one.status is StepStatus.COMPENSATED}

    def violated_at_end(self, instance: Instance) -> str:
        """What is wrong with how it stands when nothing is under way any more."""
        if instance.status in (Status.COMPLETED, Status.COMPENSATED) or instance.status.is_stuck:
            left = [step.name for step in self._saga.steps() if self._is_left(step.name, instance)]
            return f"it is compensated, and step {left[0]} is left" if left else ""
        return f"it stands at {instance.status} for ever"

    def _forward(self, before: Instance, name: str) -> str:
        self._ran.add(name)
        if self._going_back:
            return f"step {name} is asked for on the way back"
        if before.step(name).status is StepStatus.DONE:
            return f"step {name} is asked for again, and was done"
        return ""

    def _later_ones(self, name: str, after: Instance) -> str:
        groups = self._saga.groups()
        place = next(place for place, group in enumerate(groups) if any(step.name == name for step in group))
        for group in groups[place + 1 :]:
            for step in group:
                if step.compensation and after.step(step.name).status in (*STANDING, StepStatus.COMPENSATING):
                    return f"step {name} is undone before step {step.name}, which came after it"
        return ""

    def _is_left(self, name: str, instance: Instance) -> bool:
        step = self._saga.step(name)
        if instance.status is not Status.COMPENSATED or step.compensation is None:
            return False
        return instance.step(name).status in STANDING


def _in_states(before: Instance, after: Instance, name: str) -> str:
    """What is wrong with a state that asks: events that were parked may have led on from it at once."""
    here = [state for state, one in after.steps.items() if one.status in (*OPEN, *LOST)]
    if len(here) > 1:
        return f"the instance is in states {' and '.join(sorted(here))}"
    entered = after.step(name).attempt > before.step(name).attempt
    return "" if entered else f"state {name} asks for something, and was not entered"
