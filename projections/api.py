"""Public face of projections: everything that the composition and other apps may use of them."""

from kit.paging import Page
from projections.cursors import from_cursor
from projections.definition.conflicts import unapplied
from projections.definition.folded import FoldedProjection
from projections.definition.handled import HandledReadModel
from projections.definition.policy import ConflictResolution, Mode, OnError, Policy
from projections.definition.projection import Projection
from projections.definition.registry import (
    handled_read_models,
    projection_named,
    register_handled,
    register_projections,
    registered_projections,
)
from projections.engine.checkpoints import pause, resume
from projections.engine.engine import Outcome, Pass, run_pass
from projections.engine.inline import inline
from projections.engine.lag import Lag
from projections.engine.live import live
from projections.engine.runner import ProjectionRunner, projection_runner
from projections.exceptions import (
    CannotVerify,
    InlineFailed,
    InvalidArgument,
    InvalidRequest,
    ProjectionError,
    ReadModelError,
    RebuildRefused,
    RefillRefused,
    StrayWrites,
    UnexpectedPayload,
    UnknownProjection,
    UnknownView,
    VerbRefused,
)
from projections.metrics import ProjectionCollector
from projections.operating.actions import rebuild
from projections.operating.reach import Reach, reaches_of
from projections.operating.reading import ProjectionStatus, projection_statuses
from projections.paging import MAX_PAGE, check_limit, check_text, page_of
from projections.refilling.refill import Refilled, refill
from projections.verification.comparison import Difference
from projections.verification.handled import Verified, verify_handled
from projections.verification.verify import verify
from projections.views.collector import ViewCollector
from projections.views.definition import FullView, IncrementalView
from projections.views.registry import register_views, registered_views
from projections.waiting.positions import seen_position
from projections.waiting.waiting import wait_for

__all__ = [
    "MAX_PAGE",
    "CannotVerify",
    "ConflictResolution",
    "Difference",
    "FoldedProjection",
    "FullView",
    "HandledReadModel",
    "IncrementalView",
    "InlineFailed",
    "InvalidArgument",
    "InvalidRequest",
    "Lag",
    "Mode",
    "OnError",
    "Outcome",
    "Page",
    "Pass",
    "Policy",
    "Projection",
    "ProjectionCollector",
    "ProjectionError",
    "ProjectionRunner",
    "ProjectionStatus",
    "Reach",
    "ReadModelError",
    "RebuildRefused",
    "RefillRefused",
    "Refilled",
    "StrayWrites",
    "UnexpectedPayload",
    "UnknownProjection",
    "UnknownView",
    "VerbRefused",
    "Verified",
    "ViewCollector",
    "check_limit",
    "check_text",
    "from_cursor",
    "handled_read_models",
    "inline",
    "live",
    "page_of",
    "pause",
    "projection_named",
    "projection_runner",
    "projection_statuses",
    "reaches_of",
    "rebuild",
    "refill",
    "register_handled",
    "register_projections",
    "register_views",
    "registered_projections",
    "registered_views",
    "resume",
    "run_pass",
    "seen_position",
    "unapplied",
    "verify",
    "verify_handled",
    "wait_for",
]
