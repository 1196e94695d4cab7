"""Public face of projections: everything that the composition and other apps may use of them."""

from kit.paging import Page
from projections.cursors import from_cursor
from projections.definition.projection import Projection
from projections.definition.registry import projection_named, register_projections, registered_projections
from projections.engine.checkpoints import pause, resume
from projections.engine.engine import Outcome, Pass, run_pass
from projections.engine.lag import Lag
from projections.engine.runner import ProjectionRunner, projection_runner
from projections.exceptions import (
    InvalidArgument,
    ProjectionError,
    ReadModelError,
    UnexpectedPayload,
    UnknownProjection,
)
from projections.metrics import ProjectionCollector
from projections.operating.reading import ProjectionStatus, projection_statuses
from projections.paging import MAX_PAGE, check_limit, check_text, page_of
from projections.rebuild import rebuild

__all__ = [
    "MAX_PAGE",
    "InvalidArgument",
    "Lag",
    "Outcome",
    "Page",
    "Pass",
    "Projection",
    "ProjectionCollector",
    "ProjectionError",
    "ProjectionRunner",
    "ProjectionStatus",
    "ReadModelError",
    "UnexpectedPayload",
    "UnknownProjection",
    "check_limit",
    "check_text",
    "from_cursor",
    "page_of",
    "pause",
    "projection_named",
    "projection_runner",
    "projection_statuses",
    "rebuild",
    "register_projections",
    "registered_projections",
    "resume",
    "run_pass",
]
