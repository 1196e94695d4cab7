"""History entry: a transition that an instance has made, with what caused it."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from events.api import FieldDifference, differences
from sagas.definition.saga import Saga
from sagas.machine.instance import Arrival, Instance
from sagas.machine.transition import Transition


class Cause(Struct, frozen=True, kw_only=True, gc=False):
    """Why an instance has made a transition."""

    kind: str
    """`event`, `timer` or `operator`."""
    type: str
    """Type of the event, purpose of the timer, or the verb."""
    event_id: UUID | None = None
    event: Arrival | None = None
    """The event itself, where the log of this database does not have it."""
    actor: str = ""
    reason: str = ""


class Made(Struct, frozen=True, kw_only=True, gc=False):
    """A transition that an instance has made."""

    saga: Saga
    before: Instance
    transition: Transition
    cause: Cause
    at: datetime


def data_changes(before: Instance, after: Instance) -> list[FieldDifference]:
    """What has changed in the data; nothing where they have only come into being."""
    if before.data is after.data or before.data is None or after.data is None:
        return []
    return differences(before.data, after.data)
