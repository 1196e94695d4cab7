"""Addresses of the feed service, below /api/v1/."""

from django.urls import path

from nova.services.feed import rest

urlpatterns = [
    path("feeds/<path:user_id>", rest.FeedView.as_view(), name="feed"),
    path("posts/<path:post_id>", rest.PostDetailView.as_view(), name="post"),
]
