"""Where are the read models? Ids may hold any character, slashes included, so they end their address."""

from django.urls import path

from projections.rest import views

urlpatterns = [
    path("users", views.UsersView.as_view(), name="users"),
    path("users/<path:user_id>", views.OneUserView.as_view(), name="user"),
    path("feeds/<path:user_id>", views.FeedView.as_view(), name="feed"),
    path("posts/<path:post_id>", views.PostDetailView.as_view(), name="post"),
    path("search", views.SearchView.as_view(), name="search"),
    path("analytics/events", views.EventCountsView.as_view(), name="analytics-events"),
    path("projections", views.ProjectionsView.as_view(), name="projections"),
    path("projections/<str:name>", views.OneProjectionView.as_view(), name="projection"),
]
