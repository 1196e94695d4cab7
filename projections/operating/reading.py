"""Status of projections as operators see it: how far each is, and what holds it.

It is read from the tables alone. No worker is asked, so a dead one cannot look healthy.
"""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Model
from msgspec import Struct, structs

from outbox.api import Check, checks, runner_name
from projections.definition.policy import Mode, Policy
from projections.definition.projection import Projection
from projections.definition.registry import policy_of, registered_projections
from projections.engine.lag import Lag, projection_lag
from projections.engine.partitions import overall, partitions
from projections.engine.runner import NAME
from projections.models import ParkedAggregate, ProjectionCheckpoint, ProjectionOperation, SkippedEvent
from projections.rebuilding.records import RebuildStatus, rebuild_statuses

MAX_LISTED = 100
# By the alphabet: serving, rebuild, previous.
SERVING_FIRST = ("-place",)
ViewT = TypeVar("ViewT", bound=Struct)


class PartitionStatus(Struct, frozen=True, kw_only=True):
    """One partition of several, of the tables that serve."""

    number: int
    status: str
    """`running`, or `failed`, and the others go on."""
    position: int
    """Every event of its aggregates up to here is in the tables."""
    failed_event_id: UUID | None
    error: str
    attempts: int
    retry_at: datetime | None
    updated_at: datetime | None


class ProjectionStatus(Struct, frozen=True, kw_only=True):
    """A projection as operators see it."""

    name: str
    status: str
    """`running`, `paused`, `failed`, or `outdated`: filled by another version of the code; it serves as it is until a
    rebuild's swap."""
    version: int
    """Version of the code that filled the tables."""
    code_version: int
    """Version of the code here."""
    position: int
    """Every event of the log up to here is in the tables; with several partitions, that of the slowest."""
    partitions: list[PartitionStatus]
    """Where several workers share it; none where one follows the whole log."""
    mode: Mode
    """What it is now; where it is inline, events after the position may be in the tables as well."""
    lag: Lag
    parked: int
    """Aggregates that wait until an operator releases them, in the tables that serve."""
    failed_event_id: UUID | None
    error: str
    attempts: int
    retry_at: datetime | None
    updated_at: datetime | None


class Parked(Struct, frozen=True, kw_only=True):
    """An aggregate that waits, with all its events from one on."""

    place: str
    """Which tables are without it: those that are `serving`, those that a `rebuild` fills, or the `previous` ones."""
    aggregate_type: str
    aggregate_id: str
    position: int
    """Of the event that could not be applied."""
    event_id: UUID
    error: str
    attempts: int
    parked_at: datetime


class Skipped(Struct, frozen=True, kw_only=True):
    """An event that was left out."""

    place: str
    """Which tables are without it, as of parked aggregates."""
    position: int
    event_id: UUID
    error: str
    actor: str
    """Who left it out; empty for the projection's policy."""
    reason: str
    skipped_at: datetime


class Operated(Struct, frozen=True, kw_only=True):
    """What an operator did, and why."""

    verb: str
    arguments: dict[str, str | int | bool]
    actor: str
    reason: str
    at: datetime


class ProjectionDetail(ProjectionStatus, frozen=True, kw_only=True):
    """All that is known of a projection; of long lists the beginning."""

    policy: Policy
    parked_aggregates: list[Parked]
    """Those of the tables that serve first, and of each those first that were parked first."""
    skipped_events: list[Skipped]
    """Those of the tables that serve first, and of each the newest."""
    operations: list[Operated]
    """The newest."""
    rebuild: RebuildStatus | None
    """The last that was begun, whatever became of it."""


def worker_state() -> Check:
    """Whether a worker that hosts projections gives signs of life, however far they are."""
    name = runner_name(NAME)
    return next(check for check in checks((NAME,)) if check.name == name)


def projection_detail(projection: Projection) -> ProjectionDetail:
    """One projection, with what it left behind and what operators did to it."""
    status = projection_status(projection, ProjectionCheckpoint.objects.filter(name=projection.name).first())
    return ProjectionDetail(
        **structs.asdict(status),
        policy=policy_of(projection),
        parked_aggregates=parked_aggregates(projection.name),
        skipped_events=skipped_events(projection.name),
        operations=operations(projection.name),
        rebuild=next(iter(rebuild_statuses(projection.name, limit=1)), None),
    )


def parked_aggregates(name: str) -> list[Parked]:
    """The aggregates that wait, of the tables that serve first, and of each parked first first."""
    return _beginning(Parked, ParkedAggregate, name, *SERVING_FIRST, "id")


def skipped_events(name: str) -> list[Skipped]:
    """The events that were left out, of the tables that serve first, and of each newest first."""
    return _beginning(Skipped, SkippedEvent, name, *SERVING_FIRST, "-position")


def operations(name: str) -> list[Operated]:
    """What operators did, newest first."""
    return _beginning(Operated, ProjectionOperation, name, "-id")


def _beginning(view: type[ViewT], table: type[Model], name: str, *order: str) -> list[ViewT]:
    rows = table._default_manager.filter(projection=name).order_by(*order)  # noqa: SLF001 - as Django documents it
    return [view(**row) for row in rows.values(*view.__struct_fields__)[:MAX_LISTED]]


def projection_statuses() -> list[ProjectionStatus]:
    """All registered projections, those included that have not begun."""
    checkpoints = ProjectionCheckpoint.objects.in_bulk()
    return [projection_status(projection, checkpoints.get(projection.name)) for projection in registered_projections()]


def projection_status(projection: Projection, checkpoint: ProjectionCheckpoint | None) -> ProjectionStatus:
    """One projection, with or without a checkpoint."""
    found = checkpoint or ProjectionCheckpoint(name=projection.name, version=projection.version)
    parts = partitions(found.name) if found.partitions > 1 else []
    found = overall(found, parts)
    return ProjectionStatus(
        name=projection.name,
        status=found.status if found.version == projection.version else "outdated",
        version=found.version,
        code_version=projection.version,
        position=found.position,
        partitions=[
            PartitionStatus(**{name: getattr(one, name) for name in PartitionStatus.__struct_fields__}) for one in parts
        ],
        mode=Mode.INLINE if found.is_inline else Mode.ASYNCHRONOUS,
        lag=projection_lag(projection, found.position, is_inline=found.is_inline),
        parked=found.parked,
        failed_event_id=found.failed_event_id,
        error=found.error,
        attempts=found.attempts,
        retry_at=found.retry_at,
        updated_at=found.updated_at,
    )
