"""Addresses of the ranking service, below /api/v1/."""

from django.urls import path

from nova.services.ranking import rest

urlpatterns = [
    path("ranking/posts", rest.HotPostsView.as_view(), name="ranking-posts"),
]
