"""Failure of an event: what a projection does about one that cannot be applied, as its policy says."""

import structlog

from events.envelope import RecordedEvent, StreamId
from projections.definition.policy import OnError
from projections.definition.projection import Projection
from projections.definition.registry import policy_of
from projections.engine import left_behind
from projections.engine.checkpoints import error_text
from projections.models import Place

log = structlog.get_logger(__name__)


def leave_behind(
    projection: Projection,
    event: RecordedEvent,
    error: Exception,
    *,
    attempts: int,
    parked: set[StreamId],
    place: Place = Place.SERVING,
) -> OnError:
    """Park the event's aggregate or skip the event, where the policy says so after so many attempts in a row.

    `parked` are the aggregates that wait already, at that place; this one is added. What was done: `PAUSE` for nothing,
    and the projection waits before the event.
    """
    name, verdict = projection.name, policy_of(projection).after_failure(attempts, parked=len(parked))
    match verdict:
        case OnError.PARK:
            left_behind.park(name, event, error, attempts=attempts, place=place)
            parked.add(event.stream)
            log_failure("projection_parked_aggregate", projection, event, error, attempts)
        case OnError.SKIP:
            text = error_text(error)
            left_behind.skip(name, position=event.position, event_id=event.event_id, error=text, place=place)
            log_failure("projection_skipped_event", projection, event, error, attempts)
    return verdict


def log_failure(
    what: str, projection: Projection, event: RecordedEvent | None, error: Exception, attempts: int
) -> None:
    """Log what failed, at which event; `None` stands for reading the log itself."""
    log.error(
        what,
        projection=projection.name,
        attempts=attempts,
        error=type(error).__name__,
        event_id=str(event.event_id) if event else None,
        correlation_id=str(event.correlation_id) if event and event.correlation_id else None,
        position=event.position if event else None,
    )
