"""Progress: an instance in the middle of a transition, and everything that it gathers on the way."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs

from sagas.definition.saga import Interrupt, Reply, Request, Saga, Step
from sagas.definition.states import On
from sagas.machine.instance import PENDING, Arrival, Instance, Status, StepState, StepStatus, request_id
from sagas.machine.transition import Purpose, Sent, StepChange, Timer, Transition

# A reply may come before what it answers is waited for; so many are kept of an instance.
MAX_PARKED = 100


class Progress:
    """Gathers what a transition consists of. Lives for one input; the instance that it began with stays as it was."""

    def __init__(self, saga: Saga, instance: Instance, *, now: datetime) -> None:
        self.saga = saga
        # Of this one, the steps are changed in place: it is handed out when the transition is complete.
        self.instance = structs.replace(instance, steps=dict(instance.steps))
        self.now = now
        self._sent: list[Sent] = []
        self._timers: dict[str, Timer] = {}
        self._cancelled: set[str] = set()
        self._changes: list[StepChange] = []

    def state(self, step: Step) -> StepState:
        """Where a step stands."""
        return self.instance.steps.get(step.name, PENDING)

    def move(self, step: Step, status: StepStatus, **changes: Any) -> None:
        """Let a step stand somewhere else. Whatever its timer was set for is over."""
        state = self.note(step, status=status, since=self.now, **changes)
        attempt = state.undo if state.undo else state.attempt
        self._changes.append(
            StepChange(step=step.name, status=status, attempt=attempt, reason=str(changes.get("reason", "")))
        )
        self._timers.pop(step.name, None)
        self._cancelled.add(step.name)

    def note(self, step: Step, **changes: Any) -> StepState:
        """Keep something about a step, which stands where it stood; its state afterwards."""
        state = self.instance.steps[step.name] = structs.replace(self.state(step), **changes)
        return state

    @property
    def moves(self) -> int:
        """How often a step has been moved."""
        return len(self._changes)

    def change(self, **fields: Any) -> None:
        """Change the instance itself."""
        self.instance = structs.replace(self.instance, **fields)

    def learn(self, part: Reply | Interrupt | On, arrival: Arrival) -> None:
        """Let the data be as what has arrived has them."""
        if part.update:
            self.change(data=part.update(self.instance.data, arrival.payload))

    def stand(self, status: Status) -> None:
        """Let the whole instance stand there. At an end, nothing is parked any more."""
        self.change(status=status, **({"parked": ()} if status.is_end else {}))

    def send(self, step: Step, request: Request, attempt: int, *, undo: bool) -> None:
        """Ask a participant for something."""
        sent = Sent(
            request_id=request_id(self.instance.saga_id, step.name, attempt, undo=undo),
            step=step.name,
            payload=request.make(self.instance.data, attempt),
            undo=undo,
        )
        self._sent.append(sent)

    def set_timer(self, step: Step, purpose: Purpose, attempt: int, after: timedelta) -> None:
        """Look at the step again after a while."""
        self._timers[step.name] = Timer(step=step.name, purpose=purpose, attempt=attempt, due=self.now + after)
        self._cancelled.discard(step.name)

    def park(self, arrival: Arrival) -> str:
        """Keep an event until it is waited for; otherwise why not."""
        parked = self.instance.parked
        if len(parked) >= MAX_PARKED:
            return f"{MAX_PARKED} replies wait already"
        if any(waiting.event_id == arrival.event_id for waiting in parked):
            return "it waits already"
        self.change(parked=(*parked, arrival))
        return ""

    def unpark(self) -> Iterator[Arrival]:
        """The replies that were parked, each once; those that are parked meanwhile stay."""
        parked = self.instance.parked
        self.change(parked=())
        yield from parked

    def transition(self) -> Transition:
        """What has come of it."""
        return Transition(
            instance=structs.replace(self.instance, version=self.instance.version + 1),
            sent=tuple(self._sent),
            timers=tuple(self._timers.values()),
            cancelled=frozenset(self._cancelled),
            changes=tuple(self._changes),
        )
