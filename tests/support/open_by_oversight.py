"""A URL map with a view that has forgotten to name its scopes."""

from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView


class Oversight(APIView):
    """Serves GET and names no scope."""

    def get(self, request: object) -> Response:
        """Never reached."""
        return Response({})


urlpatterns = [path("api/v1/oversight", Oversight.as_view())]

handler404 = "nova.rest.errors.not_found"
