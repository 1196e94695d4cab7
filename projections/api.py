"""What may the composition and other apps use of projections? Everything that is named here."""

from projections.checkpoints import pause, resume
from projections.engine import Outcome, Pass, run_pass
from projections.exceptions import (
    InvalidParameter,
    PostNotFound,
    ProjectionError,
    ReadModelError,
    UnexpectedPayload,
    UnknownProjection,
    UserNotFound,
)
from projections.lag import Lag, ProjectionStatus, projection_statuses
from projections.metrics import ProjectionCollector
from projections.paging import Page
from projections.projection import Projection, projection_named, register_projections, registered_projections
from projections.read_models.analytics_queries import DailyCount, daily_counts, totals
from projections.read_models.feed_queries import PostView, feed, get_post
from projections.read_models.search_queries import SearchHit, search
from projections.read_models.users_queries import UserView, get_user, list_users
from projections.rebuild import rebuild
from projections.runner import ProjectionRunner, projection_runner

__all__ = [
    "DailyCount",
    "InvalidParameter",
    "Lag",
    "Outcome",
    "Page",
    "Pass",
    "PostNotFound",
    "PostView",
    "Projection",
    "ProjectionCollector",
    "ProjectionError",
    "ProjectionRunner",
    "ProjectionStatus",
    "ReadModelError",
    "SearchHit",
    "UnexpectedPayload",
    "UnknownProjection",
    "UserNotFound",
    "UserView",
    "daily_counts",
    "feed",
    "get_post",
    "get_user",
    "list_users",
    "pause",
    "projection_named",
    "projection_runner",
    "projection_statuses",
    "rebuild",
    "register_projections",
    "registered_projections",
    "resume",
    "run_pass",
    "search",
    "totals",
]
