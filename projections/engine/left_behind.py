"""Left behind: aggregates that are parked and events that are skipped, so that a projection can go on without them.

Nothing is copied: an aggregate is parked at an event, and what waits is its stream from there up to the checkpoint.
Whoever calls holds the projection's lock, so that no event of a released aggregate is applied twice, or passed.
"""

from collections.abc import Iterator
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from events.api import get_events
from events.envelope import RecordedEvent, StreamId
from outbox.api import is_outage
from projections.definition.projection import Projection
from projections.engine import checkpoints
from projections.models import ParkedAggregate, ProjectionCheckpoint, SkippedEvent

PAGE = 500


def parked_streams(checkpoint: ProjectionCheckpoint) -> set[StreamId]:
    """The aggregates whose events are not applied."""
    if not checkpoint.parked:
        return set()
    rows = ParkedAggregate.objects.filter(projection=checkpoint.name).values_list("aggregate_type", "aggregate_id")
    return {StreamId(*row) for row in rows}


def park(name: str, event: RecordedEvent, error: Exception, *, attempts: int) -> None:
    """Let the event's aggregate wait from this event on."""
    ParkedAggregate.objects.create(
        projection=name,
        aggregate_type=event.aggregate_type,
        aggregate_id=event.aggregate_id,
        position=event.position,
        version=event.version,
        event_id=event.event_id,
        error=checkpoints.error_text(error),
        attempts=attempts,
        parked_at=timezone.now(),
    )
    checkpoints.count_parked(name)


def skip(name: str, *, position: int, event_id: UUID, error: str, actor: str = "", reason: str = "") -> None:
    """Keep that an event was left out, by whom and why; without an actor it was the policy."""
    SkippedEvent.objects.update_or_create(
        projection=name,
        position=position,
        defaults={
            "event_id": event_id,
            "error": error,
            "actor": actor,
            "reason": reason,
            "skipped_at": timezone.now(),
        },
    )


def release(
    projection: Projection, checkpoint: ProjectionCheckpoint, parked: ParkedAggregate, *, leave_out: bool
) -> bool:
    """Apply what waits, in order, up to the checkpoint; live events then follow without a gap.

    With `leave_out`, without the event that it is parked at. False when an event fails: the aggregate has all before
    it, and is parked there.
    """
    for event in list(_waiting(projection, parked, checkpoint.position)):
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
