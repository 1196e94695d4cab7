"""Addresses of the graph service, below /api/v1/."""

from django.urls import path

from nova.services.graph import rest

urlpatterns = [
    path("graph/counts/<path:user_id>", rest.CountsView.as_view(), name="graph-counts"),
    path("graph/followers/<path:user_id>", rest.FollowersView.as_view(), name="graph-followers"),
    path("graph/following/<path:user_id>", rest.FollowingView.as_view(), name="graph-following"),
    path("graph/mutual/<path:user_id>", rest.MutualFollowsView.as_view(), name="graph-mutual"),
    path("graph/suggestions/<path:user_id>", rest.SuggestionsView.as_view(), name="graph-suggestions"),
]
