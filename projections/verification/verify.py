"""Verification: a projection's tables are compared with a fold of the log from its beginning, row by row.

The unchanged code of the projection fills shadow tables; nothing of the live ones is changed. The projection waits, by
its lock, while what was appended meanwhile is folded and the tables are compared, and appends that it follows inline
wait with it; whoever reads the tables does not.
"""

from collections.abc import Collection

import psycopg
from django.db import transaction

from events.api import read_log
from events.envelope import RecordedEvent
from outbox.api import is_outage
from projections.arguments import arguments
from projections.definition.projection import Projection
from projections.engine import ahead, checkpoints
from projections.engine.left_behind import left_behind
from projections.engine.partitions import Extent, extent
from projections.exceptions import CannotVerify
from projections.models import ProjectionCheckpoint
from projections.verification.comparison import Difference, first_difference
from projections.verification.shadow import hide

PAGE = 1_000


def verify(projection: Projection, *, sample: int | None = None) -> Difference | None:
    """The first difference between the tables and the fold at the checkpoint; None when they are equal.

    With a `sample`, of so many rows of the first table, whichever: what is missing there is not found.
    Raises `CannotVerify` when the fold cannot be made.
    """
    arguments.limit(sample, name="sample")
    with transaction.atomic():
        compared = hide(projection.models)
        keys = None if sample is None else [str(key) for (key,) in compared[0].run("some_keys", number=sample)]
        folding = Fold(projection, keys)
        folding.go_on_to(extent(_checkpoint(projection)))
        checkpoints.lock(projection.name)
        reached = extent(_checkpoint(projection))
        folding.go_on_to(reached)
        folding.apply_beyond(reached)
        found = first_difference(compared, keys=keys)
        transaction.set_rollback(True)
    return found


class Fold:
    """Applies the log to the shadow tables, as far as it is asked to."""

    def __init__(self, projection: Projection, keys: Collection[str] | None) -> None:
        self._projection = projection
        self._keys = keys if keys is None else frozenset(keys)
        self._left_behind = left_behind(projection.name)
        self._position = 0

    def go_on_to(self, reached: Extent) -> None:
        """Apply what stands up to where all partitions are. Raises `CannotVerify` when an operator has changed what
        came before.
        """
        position = reached.lowest
        before, self._left_behind = self._left_behind, left_behind(self._projection.name)
        if position < self._position or self._left_behind.up_to(self._position) != before.up_to(self._position):
            raise CannotVerify(f"{self._projection.name} was operated meanwhile: verify it again")
        while self._position < position:
            page = read_log(self._position, PAGE, self._projection.event_types)
            self._apply([event for event in page.events if event.position <= position and self._is_applied(event)])
            self._position = min(page.position, position)

    def apply_beyond(self, reached: Extent) -> None:
        """Apply what stands beyond, of partitions that are further, or of appends that have applied it inline."""
        position, furthest = self._position, max(reached.positions)
        while position < furthest:
            page = read_log(position, PAGE, self._projection.event_types)
            self._apply([event for event in page.events if reached.has(event) and self._is_applied(event)])
            position = page.position
        events = ahead.beyond(self._projection.name, self._position)
        self._apply([event for event in events if self._is_applied(event)])

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
                raise CannotVerify(f"{name} writes to a table not its own: that belongs into on_applied") from error
            if is_outage(error):
                raise
            raise CannotVerify(f"the code of {name} fails {place}: {type(error).__name__}: {error}") from error


def _checkpoint(projection: Projection) -> ProjectionCheckpoint:
    checkpoint = ProjectionCheckpoint.objects.filter(name=projection.name).first()
    found = checkpoint or ProjectionCheckpoint(name=projection.name, version=projection.version)
    if found.version != projection.version:
        raise CannotVerify(f"the tables of {projection.name} were filled by version {found.version} of its code")
    return found
