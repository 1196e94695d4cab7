"""Addresses of projections, below /api/v1/."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from projections.operating.actions import ACTIONS
from projections.rest import materialised_views, rebuilds, views


class ProjectionVerb(StringConverter):
    """What an operator can do to a projection, but for a rebuild, which has an address of its own."""

    regex = "|".join(verb for verb in ACTIONS if verb != "rebuild")


register_converter(ProjectionVerb, "projection_verb")

urlpatterns = [
    path("materialised-views", materialised_views.MaterialisedViewsView.as_view(), name="materialised-views"),
    path(
        "materialised-views/<str:name>/refresh",
        materialised_views.RefreshView.as_view(),
        name="materialised-view-refresh",
    ),
    path("projections", views.ProjectionsView.as_view(), name="projections"),
    path("projections/<str:name>", views.OneProjectionView.as_view(), name="projection"),
    path("projections/<str:name>/rebuild", rebuilds.RebuildsView.as_view(), name="projection-rebuilds"),
    path(
        "projections/<str:name>/<projection_verb:verb>",
        views.ProjectionVerbView.as_view(),
        name="projection-operation",
    ),
]
