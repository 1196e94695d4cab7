"""Public face of projections: everything that the composition and other apps may use of them."""

from kit.paging import Page
from projections.checkpoints import pause, resume
from projections.cursors import from_cursor
from projections.engine import Outcome, Pass, run_pass
from projections.exceptions import (
    InvalidArgument,
    InvalidBody,
    ProjectionError,
    ReadModelError,
    RebuildRefused,
    StrayWrites,
    UnexpectedPayload,
    UnknownProjection,
)
from projections.lag import Lag, ProjectionStatus, projection_statuses
from projections.metrics import ProjectionCollector
from projections.paging import MAX_PAGE, check_limit, check_text, page_of
from projections.projection import Projection, projection_named, register_projections, registered_projections
from projections.rebuilding.operations import rebuild
from projections.runner import ProjectionRunner, projection_runner

__all__ = [
    "MAX_PAGE",
    "InvalidArgument",
    "InvalidBody",
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
    "RebuildRefused",
    "StrayWrites",
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
