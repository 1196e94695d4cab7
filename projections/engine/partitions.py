"""Partitions: several workers at one projection, each at a part of the log by hash of the aggregate.

Each partition has a position and failures of its own. Their number is changed when all are at one position, so that
every event is applied once whatever it was and will be.
"""

from collections.abc import Sequence

from msgspec import Struct

from events.api import partition_number
from events.envelope import RecordedEvent, StreamId
from projections.definition.projection import Projection
from projections.definition.registry import policy_of
from projections.engine import checkpoints
from projections.engine.checkpoints import Status
from projections.models import Place, ProjectionCheckpoint, ProjectionPartition


class Extent(Struct, frozen=True):
    """How far the log is in a set of tables."""

    positions: tuple[int, ...]
    """By number of the partition; one where there are none."""

    @property
    def lowest(self) -> int:
        """Everything up to here is in the tables, whosever it is."""
        return min(self.positions)

    def position_of(self, stream: StreamId) -> int:
        """Everything of the stream up to here is."""
        return self.positions[partition_number(stream, len(self.positions))]

    def has(self, event: RecordedEvent) -> bool:
        """Whether the event is."""
        return event.position <= self.position_of(event.stream)


def partitions(name: str, place: Place = Place.SERVING) -> list[ProjectionPartition]:
    """Those of a projection's tables there, by number; none where one worker follows the whole log."""
    return list(ProjectionPartition.objects.filter(projection=name, place=place).order_by("number"))


def extent(checkpoint: ProjectionCheckpoint) -> Extent:
    """How far the log is in the tables that serve."""
    if checkpoint.partitions == 1:
        return Extent((checkpoint.position,))
    return Extent(tuple(row.position for row in partitions(checkpoint.name)))


def overall(checkpoint: ProjectionCheckpoint, rows: Sequence[ProjectionPartition]) -> ProjectionCheckpoint:
    """The checkpoint as it is to be shown: as far as the slowest partition, failed as the first that has failed is.

    It is changed in place, and not to be saved.
    """
    for row in rows:
        if row.status == Status.FAILED and checkpoint.status == Status.RUNNING:
            checkpoint.status = Status.FAILED
            for name in checkpoints.NO_FAILURE:
                setattr(checkpoint, name, getattr(row, name))
    if rows:
        checkpoint.position = min(row.position for row in rows)
        checkpoint.updated_at = max(row.updated_at for row in rows)
    return checkpoint


def set_number(projection: Projection, checkpoint: ProjectionCheckpoint) -> ProjectionCheckpoint:
    """Let there be as many partitions as the policy wants workers, if that can be at this moment; the checkpoint then.

    Several are brought together before they are divided anew. For whoever shares the projection's lock.
    """
    name, wanted = projection.name, policy_of(projection).workers
    if wanted == checkpoint.partitions or checkpoint.is_inline or not _is_together(name):
        return checkpoint
    if not checkpoints.try_lock(name):
        return checkpoint
    # Looked at again, for it was not held alone until now.
    checkpoint = checkpoints.current(projection)
    if wanted == checkpoint.partitions or not _is_together(name):
        return checkpoint
    if checkpoint.partitions > 1:
        checkpoint.position = extent(checkpoint).lowest
        checkpoint.partitions = 1
        ProjectionPartition.objects.filter(projection=name, place=Place.SERVING).delete()
    else:
        checkpoint.partitions = wanted
        ProjectionPartition.objects.bulk_create(
            ProjectionPartition(projection=name, number=number, position=checkpoint.position)
            for number in range(wanted)
        )
        # The partition that it belongs to meets again what has failed.
        checkpoints.recover(checkpoint)
        checkpoint.refresh_from_db(fields=["status", *checkpoints.NO_FAILURE])
    checkpoint.save(update_fields=["position", "partitions"])
    return checkpoint


def _is_together(name: str) -> bool:
    rows = partitions(name)
    return len({row.position for row in rows}) <= 1 and all(row.status != Status.FAILED for row in rows)
