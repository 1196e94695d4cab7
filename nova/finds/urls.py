"""Addresses of finds, below /api/v1/."""

from django.urls import path

from nova.finds.rest import FindsView

urlpatterns = [path("finds", FindsView.as_view(), name="finds")]
