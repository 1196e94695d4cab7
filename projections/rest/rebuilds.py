"""Rebuilds over HTTP: begun and followed; what else is done about one is a verb of the projection's."""

from typing import ClassVar

from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from kit.rest.description.openapi import described
from kit.rest.view import ApiView
from projections.definition.registry import projection_named
from projections.exceptions import UnknownProjection
from projections.operating.reading import ProjectionDetail
from projections.rebuilding.records import RebuildStatus, rebuild_statuses
from projections.rest.views import BODIES, CONFLICTS, OPERATE, READ, ProjectionPath, operated


class Rebuilds(Struct, frozen=True, kw_only=True):
    """A projection's last rebuilds, the newest first."""

    items: list[RebuildStatus]
    next: None = None


class RebuildsView(ApiView):
    """The rebuilds of a projection."""

    required_scopes: ClassVar = READ | OPERATE

    @described(
        operation_id="list_rebuilds",
        summary="See how far the rebuilds of a projection are",
        path=ProjectionPath,
        answer=Rebuilds,
        errors=(UnknownProjection,),
    )
    def get(self, request: Request, name: str) -> Response:
        """The last 20 with state, progress and what holds them up."""
        return Response(Rebuilds(items=rebuild_statuses(projection_named(name).name)))

    @described(
        operation_id="rebuild_projection",
        summary="Rebuild a projection",
        path=ProjectionPath,
        body=BODIES["rebuild"],
        answer=ProjectionDetail,
        errors=CONFLICTS,
    )
    def post(self, request: Request, name: str) -> Response:
        """Begin to fill tables beside those that serve, and answer with the projection; workers go on with it."""
        return operated(request, name, "rebuild")
