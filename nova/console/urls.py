"""Addresses of the console's own pages, below /admin/: those of no model's screen."""

from django.contrib import admin
from django.urls import path

from nova.console.saved_views import forget_view, save_view, saved_views
from nova.console.tail import tail_page, tail_stream
from nova.finds.console import find_page
from nova.journey.console import journey_page

guarded = admin.site.admin_view

urlpatterns = [
    path("find/", guarded(find_page), name="console-find"),
    path("journey/<int:position>/", guarded(journey_page), name="console-journey"),
    path("tail/", guarded(tail_page), name="console-tail"),
    path("tail/stream", guarded(tail_stream), name="console-tail-stream"),
    path("saved-views/", guarded(saved_views), name="console-saved-views"),
    path("saved-views/save", guarded(save_view), name="console-save-view"),
    path("saved-views/forget", guarded(forget_view), name="console-forget-view"),
]
