"""World: one saga among its participants, as a schedule has it.

Messages arrive in any order, more than once, or never; timers fire when they are due, whatever is still on its way;
and whoever works on a message may be gone before it is done. The saga's side works as the engine does: inbox, state,
requests and timers are one transaction.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from msgspec import Struct

from sagas.definition.shape import shape_of
from sagas.explorer.invariants import Invariants
from sagas.explorer.scenario import Participant, Scenario
from sagas.explorer.schedule import Schedule
from sagas.machine.instance import NAMESPACE, Arrival, Instance, unstarted
from sagas.machine.machine import arrive, expire
from sagas.machine.transition import Timer, Transition

BEGIN = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)
MAX_ACTIONS = 1_000
# Of each kind in one schedule: so that every schedule ends.
MAX_DUPLICATES, MAX_LOSSES, MAX_CRASHES = 4, 3, 3


class Violated(AssertionError):
    """Something came about that must not; `story` tells what happened, line by line."""

    def __init__(self, what: str, story: Sequence[str]) -> None:
        super().__init__("\n".join([what, *story]))
        self.what = what
        self.story = tuple(story)


class _Message(Struct, frozen=True, kw_only=True):
    """An event on its way to the saga, or a request on its way to a participant."""

    message_id: UUID
    payload: Struct
    caused_by: UUID | None = None
    to: Any = None
    """The participant; None for the saga."""


class World:
    """Plays one schedule."""

    def __init__(self, scenario: Scenario, schedule: Schedule) -> None:
        saga = scenario.saga
        self.instance: Instance = unstarted(saga.name, saga.key_of(scenario.events[0]), shape=shape_of(saga))
        self.participants: Sequence[Participant] = scenario.participants()
        self.story: list[str] = []
        self._scenario = scenario
        self._schedule = schedule
        self._now = BEGIN
        self._timers: dict[str, Timer] = {}
        self._seen: set[UUID] = set()
        self._served: set[UUID] = set()
        self._invariants = Invariants(saga)
        self._left = {"again": MAX_DUPLICATES, "lost": MAX_LOSSES, "crash": MAX_CRASHES}
        self._pool = [
            _Message(message_id=uuid5(NAMESPACE, f"outside:{number}"), payload=payload)
            for number, payload in enumerate(scenario.events)
        ]

    def play(self) -> None:
        """Let happen what the schedule says, to the end. Raises `Violated`."""
        for _ in range(MAX_ACTIONS):
            actions = self._actions()
            if not actions:
                break
            verb, message = actions[self._schedule.choose(len(actions))]
            self._act(verb, message)
        else:
            self._violated("it does not end")
        self._hold(self._invariants.violated_at_end(self.instance))
        self._hold(self._scenario.violation(self.instance, self.participants))

    def _actions(self) -> list[tuple[str, _Message | None]]:
        """What may happen next, what happens on a good day first."""
        actions: list[tuple[str, _Message | None]] = [("arrives", message) for message in self._pool]
        if self._timers:
            actions.append(("timer", None))
        for verb in ("again", "lost", "crash"):
            if self._left[verb]:
                actions += [(verb, message) for message in self._pool if verb != "lost" or message.caused_by]
        return actions

    def _act(self, verb: str, message: _Message | None) -> None:
        if message is None:
            self._fire()
            return
        self.story.append(f"{type(message.payload).__name__} {_PHRASES.get(verb, verb)}")
        if verb in self._left:
            self._left[verb] -= 1
        if verb in {"arrives", "lost"}:
            self._pool.remove(message)
        if verb != "lost":
            self._deliver(message, crash=verb == "crash")

    def _deliver(self, message: _Message, *, crash: bool) -> None:
        if message.to is None:
            self._take(message, crash=crash)
        elif not crash and message.message_id not in self._served:
            self._served.add(message.message_id)
            reply = message.to.answer(message.payload, self._schedule.choose)
            if reply is not None:
                self.story.append(f"  {type(reply).__name__} is answered")
                reply_id = uuid5(message.message_id, "reply")
                self._pool.append(_Message(message_id=reply_id, payload=reply, caused_by=message.message_id))

    def _take(self, message: _Message, *, crash: bool) -> None:
        """The consumer's transaction: all of it, or nothing."""
        if self.is_known(message.message_id):
            return
        arrival = Arrival(event_id=message.message_id, payload=message.payload, causation_id=message.caused_by)
        transition = arrive(self._scenario.saga, self.instance, arrival, now=self._now)
        if self.commit(transition, crash=crash):
            self._seen.add(message.message_id)

    def _fire(self) -> None:
        timer = min(self._timers.values(), key=lambda one: one.due)
        self._now = max(self._now, timer.due)
        self.story.append(f"{timer.purpose} of {timer.step} passes, attempt {timer.attempt}")
        del self._timers[timer.step]
        self.commit(expire(self._scenario.saga, self.instance, timer, now=self._now), crash=False)

    def is_known(self, message_id: UUID) -> bool:
        """Whether the inbox has it."""
        return message_id in self._seen

    def commit(self, transition: Transition, *, crash: bool) -> bool:
        """Store the transition and send its requests, both or neither; whether it happened."""
        if crash:
            return False
        self.send(transition)
        self.store(transition)
        return True

    def store(self, transition: Transition) -> None:
        """State and timers."""
        self.instance = transition.instance
        self._invariants.observe(self.instance)
        self.cancel(transition)
        self._timers |= {timer.step: timer for timer in transition.timers}
        self.story += [f"  step {one.step}: {one.status}" for one in transition.changes]
        if transition.ignored:
            self.story.append(f"  is ignored: {transition.ignored}")

    def cancel(self, transition: Transition) -> None:
        """Take timers away."""
        for step in transition.cancelled:
            self._timers.pop(step, None)

    def send(self, transition: Transition) -> None:
        """Requests, each to whom it is for."""
        for sent in transition.sent:
            self._hold(self._invariants.violated_by(self.instance, sent, transition.instance))
            to = next((one for one in self.participants if type(sent.payload) in one.requests), None)
            if to is None:
                self._violated(f"nobody can be asked for {type(sent.payload).__name__}")
            self._pool.append(
                _Message(message_id=sent.request_id, payload=sent.payload, caused_by=sent.request_id, to=to)
            )

    def _hold(self, violation: str) -> None:
        if violation:
            self._violated(violation)

    def _violated(self, what: str) -> None:
        raise Violated(what, self.story)


_PHRASES = {
    "again": "arrives, and will again",
    "lost": "is lost",
    "crash": "arrives, and whoever takes it is gone before it is done",
}
