"""Addresses of aggregates and their commands, below /api/v1/."""

from django.urls import path

from events.rest.commands import AggregateDifferenceView, AggregateView, CommandView

urlpatterns = [
    path("commands/<str:aggregate_type>/<str:command>", CommandView.as_view(), name="command"),
    path("aggregates/<str:aggregate_type>/<str:aggregate_id>", AggregateView.as_view(), name="aggregate"),
    path(
        "aggregates/<str:aggregate_type>/<str:aggregate_id>/diff",
        AggregateDifferenceView.as_view(),
        name="aggregate-difference",
    ),
]
