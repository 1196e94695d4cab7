"""Status of projections as operators see it: how far each is, and what holds it.

It is read from the tables alone. No worker is asked, so a dead one cannot look healthy.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from projections.definition.projection import Projection
from projections.definition.registry import registered_projections
from projections.engine.lag import Lag, projection_lag
from projections.models import ProjectionCheckpoint


class ProjectionStatus(Struct, frozen=True, kw_only=True):
    """A projection as operators see it."""

    name: str
    status: str
    """`running`, `paused`, `failed`, or `outdated`: filled by another version of the code, a rebuild is needed."""
    version: int
    """Version of the code that filled the tables."""
    code_version: int
    """Version of the code here."""
    position: int
    """Every event of the log up to here is in the tables."""
    lag: Lag
    failed_event_id: UUID | None
    error: str
    attempts: int
    retry_at: datetime | None
    updated_at: datetime | None


def projection_statuses() -> list[ProjectionStatus]:
    """All registered projections, those included that have not begun."""
    checkpoints = ProjectionCheckpoint.objects.in_bulk()
    return [projection_status(projection, checkpoints.get(projection.name)) for projection in registered_projections()]


def projection_status(projection: Projection, checkpoint: ProjectionCheckpoint | None) -> ProjectionStatus:
    """One projection, with or without a checkpoint."""
    found = checkpoint or ProjectionCheckpoint(name=projection.name, version=projection.version)
    return ProjectionStatus(
        name=projection.name,
        status=found.status if found.version == projection.version else "outdated",
        version=found.version,
        code_version=projection.version,
        position=found.position,
        lag=projection_lag(projection, found.position),
        failed_event_id=found.failed_event_id,
        error=found.error,
        attempts=found.attempts,
        retry_at=found.retry_at,
        updated_at=found.updated_at,
    )
