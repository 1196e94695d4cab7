"""Addresses of the event store's resources, below /api/v1/."""

from django.urls import path, register_converter
from django.urls.converters import UUIDConverter

from events.rest.lookups import EventsByTimeView, EventsByTypeView
from events.rest.streams import (
    ArchiveStreamView,
    RestoreStreamView,
    StreamMetadataView,
    StreamsView,
    TombstoneStreamView,
)
from events.rest.views import EventView, LogView, StreamEventsView, TransactionsView


class EventId(UUIDConverter):
    """A UUID as bodies take it too: in either case, with or without dashes."""

    regex = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}"


register_converter(EventId, "event_id")

STREAM = "streams/<str:aggregate_type>/<str:aggregate_id>"

urlpatterns = [
    path("streams", StreamsView.as_view(), name="streams"),
    path(f"{STREAM}/events", StreamEventsView.as_view(), name="stream-events"),
    path(f"{STREAM}/metadata", StreamMetadataView.as_view(), name="stream-metadata"),
    path(f"{STREAM}/archive", ArchiveStreamView.as_view(), name="stream-archive"),
    path(f"{STREAM}/restore", RestoreStreamView.as_view(), name="stream-restore"),
    path(f"{STREAM}/tombstone", TombstoneStreamView.as_view(), name="stream-tombstone"),
    path("transactions", TransactionsView.as_view(), name="transactions"),
    path("events", LogView.as_view(), name="log"),
    path("events/by-time", EventsByTimeView.as_view(), name="events-by-time"),
    path("events/by-type/<str:event_type>", EventsByTypeView.as_view(), name="events-by-type"),
    path("events/<event_id:event_id>", EventView.as_view(), name="event"),
]
