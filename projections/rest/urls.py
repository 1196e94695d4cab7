"""Addresses of projections, below /api/v1/."""

from django.urls import path

from projections.rest import views

urlpatterns = [
    path("projections", views.ProjectionsView.as_view(), name="projections"),
    path("projections/<str:name>", views.OneProjectionView.as_view(), name="projection"),
]
