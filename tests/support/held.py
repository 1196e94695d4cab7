"""A URL map with a view that uses the database and makes an answer of data, and notes when it is done with either."""

import weakref
from typing import Any

from django.db import connections
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

ended: list[str] = []
"""`connection` and `data`, once they are let go."""


class Items(list[Any]):
    """A list that can be watched."""


class HeldView(APIView):
    """Open to everybody."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: object) -> Response:
        """An answer of some numbers."""
        note = ended.append
        connections["default"].close = lambda: note("connection")  # type: ignore[method-assign]
        items = Items(range(10))
        weakref.finalize(items, note, "data")
        return Response(items)


urlpatterns = [path("held", HeldView.as_view())]
