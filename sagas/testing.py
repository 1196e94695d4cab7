"""Saga test kit: given, when, then, with a clock that a test moves; no broker, no database.

    story = begin(FULFILMENT, OrderCreated(order_id="o", …))
    story.asks(ReserveRequested(order_id="o", …))
    story.when(StockReserved(order_id="o")).asks(ChargeRequested(order_id="o", …))
    story.after(minutes=5).asks(ChargeRequested(order_id="o", …))          # nobody has answered: another attempt
    story.when(PaymentRefused(order_id="o")).asks(ReleaseRequested(order_id="o"))
    story.when(StockReleased(order_id="o")).stands("compensated")

For users of the platform too; `docs/testing-sagas.md` shows how.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from msgspec import Struct

from sagas.definition.saga import Route, Saga
from sagas.definition.shape import shape_of
from sagas.definition.validation import validate
from sagas.machine import operator
from sagas.machine.instance import LOST, NAMESPACE, OPEN, UNDOING, Arrival, Instance, request_id, unstarted
from sagas.machine.machine import arrive, expire
from sagas.machine.transition import Sent, Timer, Transition

AT = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)
"""When a story begins."""


class Story:
    """One instance on its way. `when` and `after` move it, everything else looks at what came of that."""

    def __init__(self, saga: Saga, key: str) -> None:
        validate(saga)
        self.saga = saga
        self.now = AT
        self.instance: Instance = unstarted(saga.name, key, shape=shape_of(saga))
        self.ignored = ""
        """Why the last event led to nothing; empty where it led to something."""
        self._sent: list[Sent] = []
        self._timers: dict[str, Timer] = {}
        self._events = 0

    def when(self, payload: Struct, *, answers: UUID | None = None) -> "Story":
        """An event arrives; as the answer to the last request of the step that it is for, unless `answers` says which.

        Nothing that arrives is recognised by the inbox here: the same event given twice arrives as two.
        """
        self._events += 1
        caused_by = answers or self._asked_by(type(payload))
        event_id = uuid5(NAMESPACE, f"{self.instance.key}:{self._events}")
        arrival = Arrival(event_id=event_id, payload=payload, causation_id=caused_by)
        self._follow(arrive(self.saga, self.instance, arrival, now=self.now))
        return self

    def after(self, **duration: float) -> "Story":
        """Time passes, given as for `timedelta`, and the timers that become due fire in their order."""
        until = self.now + timedelta(**duration)
        self._sent = []
        while due := sorted((one for one in self._timers.values() if one.due <= until), key=lambda one: one.due):
            timer, sent = due[0], self._sent
            self.now = timer.due
            del self._timers[timer.step]
            self._follow(expire(self.saga, self.instance, timer, now=self.now))
            self._sent = [*sent, *self._sent]
        self.now = until
        return self

    def does(self, verb: str, *arguments: Any) -> "Story":
        """An operator does something: `retry`, `skip`, `edit`, `force_compensation`, `resume` or `cancel`."""
        self._follow(getattr(operator, verb)(self.saga, self.instance, *arguments, now=self.now))
        return self

    def asks(self, *payloads: Struct) -> "Story":
        """Exactly these requests have gone out since the last event or the last time that passed, in this order."""
        asked = [sent.payload for sent in self._sent]
        if asked != list(payloads):
            raise AssertionError(f"expected to be asked\n{_lines(payloads)}\nbut there was\n{_lines(asked)}")
        return self

    def stands(self, status: str, **steps: str) -> "Story":
        """The instance stands there, and these steps there."""
        found = {name: str(self.instance.step(name).status) for name in steps}
        if (self.instance.status, found) != (status, steps):
            raise AssertionError(f"expected {status} {steps}, but it is {self.instance.status} {found}")
        return self

    def knows(self, **fields: Any) -> "Story":
        """These fields of the instance's data have these values."""
        found = {name: getattr(self.instance.data, name) for name in fields}
        if found != fields:
            raise AssertionError(f"expected {fields}, but it is {found}")
        return self

    def request(self, step: str, attempt: int = 1, *, undo: bool = False) -> UUID:
        """The id of a request, for an event to answer."""
        return request_id(self.instance.saga_id, step, attempt, undo=undo)

    def _asked_by(self, event: type[Struct]) -> UUID | None:
        # Whoever waits for such an event comes first.
        for route in sorted(self.saga.routes(event), key=lambda one: not self._waits(one)):
            state = self.instance.step(route.step.name)
            attempt = state.undo if route.undo else state.attempt
            asks = route.step.compensation if route.undo else route.step.request
            if attempt and asks:
                return self.request(route.step.name, attempt, undo=route.undo)
        return None

    def _waits(self, route: Route) -> bool:
        status = self.instance.step(route.step.name).status
        return status in (UNDOING if route.undo else (*OPEN, *LOST))

    def _follow(self, transition: Transition) -> None:
        self.instance = transition.instance
        self.ignored = transition.ignored
        self._sent = list(transition.sent)
        for step in transition.cancelled:
            self._timers.pop(step, None)
        self._timers |= {timer.step: timer for timer in transition.timers}


def begin(saga: Saga, event: Struct) -> Story:
    """The story of the instance that the event begins, or would wait for its beginning."""
    return Story(saga, saga.key_of(event)).when(event)


def _lines(payloads: Any) -> str:
    return "\n".join(f"  {payload!r}" for payload in payloads) or "  nothing"
