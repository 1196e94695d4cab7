"""Projections over HTTP: how far each of them is."""

from typing import Annotated, ClassVar

from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from kit.json.schema import one_of
from kit.rest.openapi import described
from kit.rest.view import ApiView
from projections.definition.registry import registered_projections
from projections.exceptions import UnknownProjection
from projections.operating.reading import ProjectionStatus, projection_statuses

READ = {"GET": "read-models:read"}


class ProjectionPath(Struct):
    """The address of a projection."""

    name: Annotated[str, one_of(sorted(one.name for one in registered_projections()))]


class Statuses(Struct, frozen=True, kw_only=True):
    """All projections."""

    items: list[ProjectionStatus]
    next: None = None


class ProjectionsView(ApiView):
    """The projections."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="list_projections",
        summary="See how far the projections are",
        answer=Statuses,
    )
    def get(self, request: Request) -> Response:
        """All projections with status, checkpoint and lag, as the tables say."""
        return Response(Statuses(items=projection_statuses()))


class OneProjectionView(ApiView):
    """One projection."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="get_projection",
        summary="See how far a projection is",
        path=ProjectionPath,
        answer=ProjectionStatus,
        errors=(UnknownProjection,),
    )
    def get(self, request: Request, name: str) -> Response:
        """Status, checkpoint and lag."""
        for status in projection_statuses():
            if status.name == name:
                return Response(status)
        raise UnknownProjection(name)
