"""URL map of the benchmarks: Nova's own addresses, and the bare view."""

from django.urls import path

from benchmarks.bare_view import append
from nova.urls import urlpatterns as nova

urlpatterns = [path("bare/<str:aggregate_id>", append), *nova]
