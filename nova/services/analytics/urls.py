"""Addresses of the analytics service, below /api/v1/."""

from django.urls import path

from nova.services.analytics import rest

urlpatterns = [
    path("analytics/events", rest.EventCountsView.as_view(), name="analytics-events"),
]
