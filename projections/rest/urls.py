"""Addresses of projections, below /api/v1/."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from projections.rebuilding.operations import ACTIONS
from projections.rest import rebuilds, views


class RebuildVerb(StringConverter):
    """What an operator can do about a rebuild once it was begun."""

    regex = "|".join(verb for verb in ACTIONS if verb != "rebuild")


register_converter(RebuildVerb, "rebuild_verb")

urlpatterns = [
    path("projections", views.ProjectionsView.as_view(), name="projections"),
    path("projections/<str:name>", views.OneProjectionView.as_view(), name="projection"),
    path("projections/<str:name>/rebuild", rebuilds.RebuildsView.as_view(), name="projection-rebuilds"),
    path("projections/<str:name>/<rebuild_verb:verb>", rebuilds.RebuildVerbView.as_view(), name="projection-rebuild"),
]
