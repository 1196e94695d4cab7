"""Inline: a projection takes its events in the transaction that appends them, and readers see both or neither.

An append decides by itself, for each aggregate, whether the tables have all that came before: up to the checkpoint, or
noted as ahead of it. If so it applies its events and notes them; if not, it leaves them to the engine, which applies
whatever is not noted. So nothing is lost or doubled while a projection becomes inline or ceases to be, while some
processes know of it and others do not yet, and for events that came into the log in any other way.
"""

from collections.abc import Sequence

from django.db import connection
from msgspec import ValidationError, structs

from events.api import InlineFollower, OnAppend, StreamId, preceding_positions
from events.envelope import RecordedEvent
from outbox.api import is_outage
from projections.definition.policy import Mode
from projections.definition.projection import Projection
from projections.definition.registry import policy_of, registered_projections
from projections.engine import ahead, checkpoints
from projections.engine.applying import apply
from projections.engine.failures import log_failure
from projections.engine.left_behind import parked_streams
from projections.exceptions import InlineFailed
from projections.models import ProjectionCheckpoint
from projections.sql.statements import statement


def inline(hook: OnAppend, projections: Sequence[Projection] | None = None) -> OnAppend:
    """The append hook, with those projections followed inline that are to be so: of all registered ones, or of these.

    The composition connects it once all are registered. Where none is inline, it is the hook that was given.
    """
    given = registered_projections() if projections is None else projections
    following = [projection for projection in given if _is_to_be_inline(projection)]
    if not following:
        return hook

    def act(events: list[RecordedEvent]) -> None:
        for projection in following:
            if own := [event for event in events if event.event_type in projection.event_types]:
                apply_inline(projection, own)

    types = frozenset[str]().union(*(projection.event_types for projection in following))
    return structs.replace(hook, follower=InlineFollower(event_types=types, act=act))


def _is_to_be_inline(projection: Projection) -> bool:
    try:
        return policy_of(projection).mode is Mode.INLINE
    except ValidationError:
        # A system check says what is wrong with it, and nothing starts.
        return False


def apply_inline(projection: Projection, events: Sequence[RecordedEvent]) -> None:
    """Apply events that this transaction has appended, but for those that an earlier one of their aggregate is missing
    for. Raises `InlineFailed` for what the projection cannot take.
    """
    # Before anything is asked: whoever moves the checkpoint back, or exchanges the tables, waits for this transaction,
    # or this transaction for them, and then sees what they have done.
    checkpoints.share(projection.name)
    checkpoint, missing = _state(projection, events)
    if checkpoint is None:
        return
    if checkpoint.parked:
        missing |= parked_streams(projection.name)
    ready = [event for event in events if event.stream not in missing]
    if not ready:
        return
    try:
        apply(projection, checkpoint, ready)
    except Exception as error:
        if is_outage(error):
            raise
        # Whoever appends is told no more than which projection it was.
        log_failure("projection_failed_inline", projection, ready[0], error, 1)
        raise InlineFailed(projection.name) from error
    ahead.note(projection.name, ready)


def _state(
    projection: Projection, events: Sequence[RecordedEvent]
) -> tuple[ProjectionCheckpoint | None, set[StreamId]]:
    """The checkpoint, None unless the projection is inline at this moment; and the aggregates of which the tables lack
    something.
    """
    # The first of each stream, for the last one stands in a dictionary.
    versions = {event.stream: event.version for event in reversed(events) if event.version > 1}
    preceding = preceding_positions(versions, projection.event_types) if versions else {}
    with connection.cursor() as cursor:
        cursor.execute(statement("inline_state"), {"name": projection.name, "preceding": list(preceding.values())})
        row = cursor.fetchone()
    if row is None:
        return None, set()
    version, status, is_inline, position, effects_until, parked, noted = row
    if not is_inline or version != projection.version or status == ProjectionCheckpoint.Status.PAUSED:
        return None, set()
    missing = {stream for stream, one in preceding.items() if one > position and one not in noted}
    checkpoint = ProjectionCheckpoint(
        name=projection.name, version=version, position=position, effects_until=effects_until, parked=parked
    )
    return checkpoint, missing
