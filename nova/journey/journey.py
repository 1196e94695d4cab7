"""Journey of an event: stored, then in the outbox, on its topic, with each consumer group, in projections and sagas.

Each part is asked what it knows of this one event, by an index and for as much as the caller may see. No broker and no
worker is asked, so that it is told just as quickly while one of them is away.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec import Struct, structs

from events.api import Neighbours, neighbours_of
from events.envelope import EventHead
from nova.journey.parts import Part
from outbox.api import Consumption, Publication, consumptions_of, outbox_retention, publication_of
from projections.api import Reach, reaches_of
from sagas.api import MovedSaga, sagas_moved_by

RowState = Literal["kept", "cleaned", "missing", "hidden"]

WITHHELD = "What has become of it there you may not see."


class ConsumptionView(Consumption, frozen=True, kw_only=True):
    """What one consumer group has made of an event."""

    seconds: float | None
    """From recording the event to its effect; None where that is not known."""


class Journey(Struct, frozen=True, kw_only=True):
    """What has become of an event so far."""

    event: EventHead
    neighbours: Neighbours
    row_state: RowState
    """Of the outbox row: `kept`; `cleaned`: published rows are removed after some days; `missing`: none was written, as
    for events that were imported without being published; `hidden`: you may not see it."""
    publication: Publication | None
    consumers: Sequence[ConsumptionView]
    projections: Sequence[Reach]
    sagas: Sequence[MovedSaga]
    """Those that the event has begun or moved on."""
    hidden: Sequence[Part]
    """Parts of the journey that the caller may not see."""


def journey_of(event: EventHead, *, sees: Collection[Part]) -> Journey:
    """The journey, as far as it goes and the caller sees it."""
    publication = publication_of(event.event_id)
    consumers = consumptions_of(event.event_id, event.event_type, publication) if "consumers" in sees else ()
    if "dead_letters" not in sees:
        consumers = [_withheld(one) if one.dead_letter_id is not None else one for one in consumers]
    return Journey(
        event=event,
        neighbours=neighbours_of(event),
        row_state=_row_state(event, publication) if "outbox" in sees else "hidden",
        publication=publication if "outbox" in sees else None,
        consumers=[_view(event, one) for one in consumers],
        projections=reaches_of(event) if "projections" in sees else (),
        sagas=sagas_moved_by(event.event_id) if "sagas" in sees else (),
        hidden=[part for part in PARTS if part not in sees],
    )


PARTS: Sequence[Part] = ("outbox", "consumers", "dead_letters", "projections", "sagas")


def _row_state(event: EventHead, publication: Publication | None) -> RowState:
    if publication is not None:
        return "kept"
    return "cleaned" if event.created_at < datetime.now(UTC) - outbox_retention() else "missing"


def _view(event: EventHead, one: Consumption) -> ConsumptionView:
    elapsed = None if one.handled_at is None else max(timedelta(), one.handled_at - event.created_at).total_seconds()
    return ConsumptionView(**structs.asdict(one), seconds=elapsed)


def _withheld(one: Consumption) -> Consumption:
    return structs.replace(
        one, state="unknown", detail=WITHHELD, handled_at=None, dead_letter_id=None, attempts=0, behind=None
    )
