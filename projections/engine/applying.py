"""Application: events change the tables that serve, and have their effects beside them, in one transaction."""

from collections.abc import Sequence

from events.envelope import RecordedEvent
from kit.query_cache.tags import invalidate_after_commit
from projections.definition.projection import Projection
from projections.models import ProjectionCheckpoint


def apply(projection: Projection, checkpoint: ProjectionCheckpoint, events: Sequence[RecordedEvent]) -> None:
    """Apply the events, and let them have their effects. Raises what the projection raises."""
    projection.apply_batch(events)
    invalidate_after_commit(*projection.cache_tags)
    take_effect(projection, checkpoint, events)


def take_effect(projection: Projection, checkpoint: ProjectionCheckpoint, events: Sequence[RecordedEvent]) -> None:
    """Let applied events have their effects beside the tables, but for those that had them when other tables served."""
    if events and events[0].position <= checkpoint.effects_until:
        events = [event for event in events if event.position > checkpoint.effects_until]
    if events:
        projection.on_applied(events)
