"""Scenario: a saga with the world around it, in which schedules are tried.

Participants are small models: what they keep, and what they answer. Beside their answer nothing is theirs to decide:
when a message arrives, how often, or never, is the schedule's.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from sagas.definition.saga import Saga
from sagas.machine.instance import Instance

Choose = Callable[[int], int]
"""One of so many possibilities, from 0; the schedule says which. 0 is what happens on a good day."""


class Participant(Protocol):
    """Somebody who is asked for things."""

    @property
    def requests(self) -> tuple[type[Struct], ...]:
        """What it can be asked for."""
        ...

    def answer(self, request: Any, choose: Choose) -> Struct | None:
        """What it says, having done what it does; None for no answer.

        A request that is delivered again does not come here: participants have an inbox. One that is asked for again,
        under another id, does.
        """
        ...


class Scenario(Struct, frozen=True, kw_only=True):
    """What is played."""

    saga: Saga
    events: Sequence[Struct]
    """What happens outside: what begins the saga, and what it may wait for, of one key."""
    participants: Callable[[], Sequence[Participant]]
    """Makes them anew for each schedule."""
    violation: Callable[[Instance, Sequence[Any]], str]
    """What must not be so at an end, from the instance and the participants; empty where all is well."""
