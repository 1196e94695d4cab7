"""History entry: a transition that an instance has made, with what caused it."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from sagas.definition.saga import Saga
from sagas.machine.instance import Instance
from sagas.machine.transition import Transition


class Cause(Struct, frozen=True, kw_only=True):
    """Why an instance has made a transition."""

    kind: str
    """`event`, `timer` or `operator`."""
    type: str
    """Type of the event, purpose of the timer, or the verb."""
    event_id: UUID | None = None
    actor: str = ""
    reason: str = ""


class Made(Struct, frozen=True, kw_only=True):
    """A transition that an instance has made."""

    saga: Saga
    before: Instance
    transition: Transition
    cause: Cause
    at: datetime
