"""URL configuration: the map of all addresses."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from nova.health import views as health
from nova.rest.openapi import DocumentationView, SchemaView
from nova.telemetry import metrics

SERVICES = ("identity", "content", "feed", "search", "analytics", "graph", "ranking", "orders")
"""Those of Nova's services that have addresses."""

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", include("nova.console.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("events.rest.urls")),
    path("api/v1/", include("events.rest.command_urls")),
    path("api/v1/", include("nova.journey.urls")),
    path("api/v1/", include("nova.finds.urls")),
    path("api/v1/", include("outbox.rest.urls")),
    path("api/v1/", include("projections.rest.urls")),
    path("api/v1/", include("sagas.rest.urls")),
    *(path("api/v1/", include(f"nova.services.{name}.urls")) for name in SERVICES),
    path("api/schema/", SchemaView.as_view(), name="api-schema"),
    path("api/docs/", DocumentationView.as_view(), name="api-docs"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", metrics.export, name="metrics"),
]

handler400 = "nova.rest.errors.bad_request"
handler403 = "nova.rest.errors.forbidden"
handler404 = "nova.rest.errors.not_found"
handler500 = "nova.rest.errors.server_error"
