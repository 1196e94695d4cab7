"""Admin of analytics: a chart of all events by hour, and who did most."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from kit.admin.read_only import ReadOnlyAdmin
from nova.services.analytics.hourly_chart import TYPES, hourly_chart, window
from nova.services.analytics.models import UserActivity
from nova.services.analytics.queries import leading_counts


@admin.register(UserActivity)
class AnalyticsAdmin(ReadOnlyAdmin):
    """The chart, above the list of users by what they did."""

    list_display = ("user_id", "events", "active_days", "first_day", "last_day")
    list_before_template = "admin/analytics/hourly_chart.html"
    sortable_by = ("user_id", "events")  # the columns that have an index
    ordering = ("-events", "user_id")
    search_fields = ("=user_id",)
    search_help_text = "A user's id, in full"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with the chart."""
        first, last = window(timezone.now())
        chart = hourly_chart(leading_counts(first=first, last=last, most=TYPES), first=first)
        return super().changelist_view(request, {"title": "Analytics", "chart": chart} | (extra_context or {}))
