"""Addresses of the content service, below /api/v1/."""

from django.urls import path

from nova.services.content import rest

urlpatterns = [
    path("content/posts", rest.PostsView.as_view(), name="content-posts"),
    path("content/posts/<path:post_id>", rest.OnePostView.as_view(), name="content-post"),
    path("content/newest-posts", rest.NewestPostsView.as_view(), name="content-newest-posts"),
    path("content/comments", rest.CommentsView.as_view(), name="content-comments"),
    path("content/pending-media", rest.PendingMediaView.as_view(), name="content-pending-media"),
]
