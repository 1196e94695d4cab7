"""Addresses of the identity service, below /api/v1/."""

from django.urls import path

from nova.services.identity import rest

urlpatterns = [
    path("users", rest.UsersView.as_view(), name="users"),
    path("users/<path:user_id>", rest.OneUserView.as_view(), name="user"),
]
