"""Addresses of the search service, below /api/v1/."""

from django.urls import path

from nova.services.search import rest

urlpatterns = [
    path("search", rest.SearchView.as_view(), name="search"),
    path("search/messages", rest.SearchMessagesView.as_view(), name="search-messages"),
]
