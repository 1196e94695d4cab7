"""Ahead: events that are in a projection's tables before its checkpoint comes to them, for an append has applied them.

Such an event is noted in the transaction that has applied it, so that a worker's pass leaves it out, whatever order
commits come in. It belongs to one set of the projection's tables, and goes where those go. What the checkpoint has
passed is forgotten.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Max

from events.api import get_events_by_id
from events.envelope import RecordedEvent
from projections.models import AheadEvent, Place


def note(name: str, events: Iterable[RecordedEvent], place: Place = Place.SERVING) -> None:
    """The events are in the tables there."""
    AheadEvent.objects.bulk_create(
        AheadEvent(projection=name, place=place, position=event.position, event_id=event.event_id) for event in events
    )


def positions(name: str, *, until: int) -> set[int]:
    """Where the events stand up to a position that are in the tables that serve."""
    return set(_serving(name).filter(position__lte=until).values_list("position", flat=True))


def beyond(name: str, position: int) -> list[RecordedEvent]:
    """The events after a position that are in the tables that serve, in the order of the log."""
    return get_events_by_id(list(_serving(name).filter(position__gt=position).values_list("event_id", flat=True)))


def last(name: str) -> int:
    """Where the last event stands of those in the tables that serve; 0 where there is none."""
    found: int | None = _serving(name).aggregate(last=Max("position"))["last"]
    return found or 0


def count(name: str, position: int) -> int:
    """How many events after a position are in the tables that serve."""
    found: int = _serving(name).filter(position__gt=position).count()
    return found


def forget(name: str, *, until: int | None = None) -> None:
    """Of the tables that serve, forget what the checkpoint has passed, or all where it is moved back."""
    rows = _serving(name)
    (rows if until is None else rows.filter(position__lte=until)).delete()


def _serving(name: str) -> Any:
    return AheadEvent.objects.filter(projection=name, place=Place.SERVING)
