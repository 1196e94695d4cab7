"""Verification: a projection's tables are compared with a fold of the log from its beginning, row by row.

The unchanged code of the projection fills shadow tables; nothing of the live ones is changed. The projection waits, by
its lock, while what was appended meanwhile is folded and the tables are compared; whoever reads them does not.
"""

from collections.abc import Collection

import psycopg
from django.db import transaction
from msgspec import Struct

from events.api import read_log
from events.envelope import RecordedEvent, StreamId
from outbox.api import is_outage
from projections.arguments import arguments
from projections.definition.projection import Projection
from projections.engine import checkpoints
from projections.exceptions import CannotVerify
from projections.models import ParkedAggregate, ProjectionCheckpoint, SkippedEvent
from projections.verification.comparison import Difference, first_difference
from projections.verification.shadow import hide

PAGE = 1_000


class LeftBehind(Struct, frozen=True):
    """What the live tables are without."""

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


def verify(projection: Projection, *, sample: int | None = None) -> Difference | None:
    """The first difference between the tables and the fold at the checkpoint; None when they are equal.

    With a `sample`, of so many rows of the first table, whichever: what is missing there is not found.
    Raises `CannotVerify` when the fold cannot be made.
    """
    arguments.limit(sample, name="sample")
    with transaction.atomic():
        shadows = hide((*projection.models, *projection.also_writes))
        compared = shadows[: len(projection.models)]
        keys = None if sample is None else [str(key) for (key,) in compared[0].run("some_keys", number=sample)]
        folding = Fold(projection, keys)
        folding.go_on_to(_checkpoint(projection).position)
        checkpoints.lock(projection.name)
        folding.go_on_to(_checkpoint(projection).position)
        found = first_difference(compared, keys=keys)
        transaction.set_rollback(True)
    return found


class Fold:
    """Applies the log to the shadow tables, as far as it is asked to."""

    def __init__(self, projection: Projection, keys: Collection[str] | None) -> None:
        self._projection = projection
        self._keys = keys if keys is None else frozenset(keys)
        self._left_behind = _left_behind(projection)
        self._position = 0

    def go_on_to(self, position: int) -> None:
        """Apply what stands up to the position. Raises `CannotVerify` when an operator has changed what came before."""
        before, self._left_behind = self._left_behind, _left_behind(self._projection)
        if position < self._position or self._left_behind.up_to(self._position) != before.up_to(self._position):
            raise CannotVerify(f"{self._projection.name} was operated meanwhile: verify it again")
        while self._position < position:
            page = read_log(self._position, PAGE, self._projection.event_types)
            self._apply([event for event in page.events if event.position <= position and self._is_applied(event)])
            self._position = min(page.position, position)

    def _is_applied(self, event: RecordedEvent) -> bool:
        is_in_sample = self._keys is None or self._projection.key_of(event) in self._keys
        return is_in_sample and not self._left_behind.has(event)

    def _apply(self, events: list[RecordedEvent]) -> None:
        if not events:
            return
        try:
            self._projection.apply_batch(events)
        except Exception as error:
            name, place = self._projection.name, f"at {events[0].position} to {events[-1].position}"
            if isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction):
                raise CannotVerify(f"{name} writes to a table that it does not name in `also_writes`") from error
            if is_outage(error):
                raise
            raise CannotVerify(f"the code of {name} fails {place}: {type(error).__name__}: {error}") from error


def _checkpoint(projection: Projection) -> ProjectionCheckpoint:
    checkpoint = ProjectionCheckpoint.objects.filter(name=projection.name).first()
    found = checkpoint or ProjectionCheckpoint(name=projection.name, version=projection.version)
    if found.version != projection.version:
        raise CannotVerify(f"the tables of {projection.name} were filled by version {found.version} of its code")
    return found


def _left_behind(projection: Projection) -> LeftBehind:
    skipped = SkippedEvent.objects.filter(projection=projection.name).values_list("position", flat=True)
    parked = ParkedAggregate.objects.filter(projection=projection.name)
    streams = {StreamId(one.aggregate_type, one.aggregate_id): one.position for one in parked}
    return LeftBehind(frozenset(skipped), streams)
