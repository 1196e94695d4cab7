"""Addresses of journeys, below /api/v1/."""

from django.urls import path

from nova.journey.rest import JourneyView

urlpatterns = [path("events/<event_id:event_id>/journey", JourneyView.as_view(), name="event-journey")]
