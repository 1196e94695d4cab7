"""Addresses of the analytics service, below /api/v1/."""

from django.urls import path

from nova.services.analytics import rest

urlpatterns = [
    path("analytics/events", rest.EventCountsView.as_view(), name="analytics-events"),
    path("analytics/days", rest.DailyTotalsView.as_view(), name="analytics-days"),
    path("analytics/hours", rest.HourlyCountsView.as_view(), name="analytics-hours"),
    path("analytics/users", rest.MostActiveView.as_view(), name="analytics-users"),
]
