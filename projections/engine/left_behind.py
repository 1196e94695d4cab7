"""Left behind: aggregates that are parked and events that are skipped, so that a projection can go on without them.

Nothing is copied: an aggregate is parked at an event, and what waits is its stream from there up to the checkpoint.
It belongs to one set of the projection's tables, and goes where those go: what serves may be without an event that a
rebuild has applied. Whoever calls holds the lock of those tables, the projection's or that of its rebuild, so that no
event of a released aggregate is applied twice, or passed.
"""

from collections.abc import Iterator
from uuid import UUID

from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from msgspec import Struct

from events.api import get_events
from events.envelope import RecordedEvent, StreamId
from kit.query_cache.tags import invalidate_after_commit
from outbox.api import is_outage
from projections.definition.projection import Projection
from projections.engine import checkpoints
from projections.models import AheadEvent, ParkedAggregate, Place, ProjectionPartition, SkippedEvent

PAGE = 500
# What belongs to one set of the projection's tables and goes where those go; of `ahead` and `partitions`, too.
OF_TABLES: tuple[type[Model], ...] = (ParkedAggregate, SkippedEvent, AheadEvent, ProjectionPartition)


class LeftBehind(Struct, frozen=True):
    """What a set of tables is without."""

    skipped: frozenset[int]
    parked: dict[StreamId, int]
    """From which position on each waits."""

    def has(self, event: RecordedEvent) -> bool:
        """Whether the event is not in the tables."""
        return event.position in self.skipped or event.position >= self.parked.get(event.stream, event.position + 1)

    def up_to(self, position: int) -> "LeftBehind":
        """What was left behind up to a position."""
        return LeftBehind(
            frozenset(one for one in self.skipped if one <= position),
            {stream: one for stream, one in self.parked.items() if one <= position},
        )


def left_behind(name: str, place: Place = Place.SERVING) -> LeftBehind:
    """What a projection's tables there are without."""
    skipped = SkippedEvent.objects.filter(projection=name, place=place).values_list("position", flat=True)
    parked = ParkedAggregate.objects.filter(projection=name, place=place)
    streams = {StreamId(one.aggregate_type, one.aggregate_id): one.position for one in parked}
    return LeftBehind(frozenset(skipped), streams)


def parked_streams(name: str, place: Place = Place.SERVING) -> set[StreamId]:
    """The aggregates whose events are not applied to a projection's tables there."""
    rows = ParkedAggregate.objects.filter(projection=name, place=place).values_list("aggregate_type", "aggregate_id")
    return {StreamId(*row) for row in rows}


def park(name: str, event: RecordedEvent, error: Exception, *, attempts: int, place: Place = Place.SERVING) -> None:
    """Let the event's aggregate wait from this event on."""
    ParkedAggregate.objects.create(
        projection=name,
        place=place,
        aggregate_type=event.aggregate_type,
        aggregate_id=event.aggregate_id,
        position=event.position,
        version=event.version,
        event_id=event.event_id,
        error=checkpoints.error_text(error),
        attempts=attempts,
        parked_at=timezone.now(),
    )


def skip(
    name: str,
    *,
    position: int,
    event_id: UUID,
    error: str,
    actor: str = "",
    reason: str = "",
    place: Place = Place.SERVING,
) -> None:
    """Keep that an event was left out, by whom and why; without an actor it was the policy."""
    SkippedEvent.objects.update_or_create(
        projection=name,
        place=place,
        position=position,
        defaults={
            "event_id": event_id,
            "error": error,
            "actor": actor,
            "reason": reason,
            "skipped_at": timezone.now(),
        },
    )


def skip_as_decided(name: str, event: RecordedEvent, error: Exception, *, place: Place) -> bool:
    """Skip an event at a place where an operator has skipped it in the tables that serve; whether that is so."""
    decided = SkippedEvent.objects.filter(projection=name, place=Place.SERVING, position=event.position)
    row = decided.exclude(actor="").first()
    if row is None:
        return False
    text = checkpoints.error_text(error)
    skip(
        name,
        position=event.position,
        event_id=event.event_id,
        error=text,
        actor=row.actor,
        reason=row.reason,
        place=place,
    )
    return True


def change_places(name: str, *, coming: Place, leaving: Place) -> None:
    """Let what is known of tables go with them: those of one place serve, and those that served are at the other."""
    forget(name, leaving)
    for table in OF_TABLES:
        rows = table._default_manager.filter(projection=name)  # noqa: SLF001 - as Django documents it
        rows.filter(place=Place.SERVING).update(place=leaving)
        rows.filter(place=coming).update(place=Place.SERVING)
    checkpoints.count_parked(name)


def forget(name: str, place: Place) -> None:
    """The tables there are gone, and what was known of them has no meaning any more."""
    for table in OF_TABLES:
        table._default_manager.filter(projection=name, place=place).delete()  # noqa: SLF001 - as Django documents it


def release(projection: Projection, parked: ParkedAggregate, *, until: int, leave_out: bool) -> bool:
    """Apply what waits, in order, up to how far the tables are with its aggregate; what follows follows without a gap.

    With `leave_out`, without the event that it is parked at. False when an event fails: the aggregate has all before
    it, and is parked there.
    """
    invalidate_after_commit(*projection.cache_tags)
    for event in list(_waiting(projection, parked, until)):
        if leave_out and event.position == parked.position:
            continue
        try:
            with transaction.atomic():
                projection.apply_batch([event])
                projection.on_applied([event])
        except Exception as error:
            if is_outage(error):
                raise
            _park_again(parked, event, error)
            return False
    parked.delete()
    checkpoints.count_parked(projection.name)
    return True


def _waiting(projection: Projection, parked: ParkedAggregate, position: int) -> Iterator[RecordedEvent]:
    stream, version = StreamId(parked.aggregate_type, parked.aggregate_id), parked.version
    # Whatever readers of the stream are shown of it: the log has all of it.
    while page := get_events(stream, version, limit=PAGE, whole=True):
        for event in page:
            if event.position <= position and event.event_type in projection.event_types:
                yield event
        version = page[-1].version + 1


def _park_again(parked: ParkedAggregate, event: RecordedEvent, error: Exception) -> None:
    again = event.position == parked.position
    parked.attempts = parked.attempts + 1 if again else 1
    parked.position, parked.version, parked.event_id = event.position, event.version, event.event_id
    parked.error = checkpoints.error_text(error)
    parked.save()
