"""Materialised views of analytics: all events by day, by a schedule, and what each user has done, always up to date."""

from nova.services.analytics.models import UserActivity
from nova.services.analytics.sql.statements import statement
from projections.api import FullView, IncrementalView, register_views

DAILY_TOTALS = FullView(
    name="analytics_daily_totals",
    query=statement("daily_totals_view"),
    unique=("day",),
    cache_tags=("analytics-daily-totals",),
)
USER_ACTIVITY = IncrementalView(
    name="analytics_user_activity",
    projection="user-activity",
    model=UserActivity,
    key="user_id",
    query=statement("user_activity_view"),
)
register_views(DAILY_TOTALS, USER_ACTIVITY)
