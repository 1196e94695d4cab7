"""How are read models and projections queried over HTTP?"""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projections.exceptions import UnknownProjection
from projections.lag import ProjectionStatus, projection_statuses
from projections.rest.parameters import only
from projections.rest.schemas import schema_of

READ = {"GET": "read-models:read"}
OK = (200, "application/json")


class Statuses(Struct, frozen=True, kw_only=True):
    """All projections."""

    items: list[ProjectionStatus]
    next: None = None


class ProjectionsView(APIView):
    """The projections."""

    required_scopes: ClassVar = READ

    @extend_schema(
        operation_id="list_projections",
        summary="See how far the projections are",
        responses={OK: schema_of(Statuses)},
    )
    def get(self, request: Request) -> Response:
        """All projections with status, checkpoint and lag, as the tables say."""
        only(request.query_params)
        return Response(Statuses(items=projection_statuses()))


class OneProjectionView(APIView):
    """One projection."""

    required_scopes: ClassVar = READ

    @extend_schema(
        operation_id="get_projection",
        summary="See how far a projection is",
        responses={OK: schema_of(ProjectionStatus)},
    )
    def get(self, request: Request, name: str) -> Response:
        """Status, checkpoint and lag."""
        only(request.query_params)
        for status in projection_statuses():
            if status.name == name:
                return Response(status)
        raise UnknownProjection(name)
