"""Rebuilds over HTTP: begun, followed, and operated."""

from typing import ClassVar, TypeVar

import msgspec
from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from kit.actions import NoArguments
from kit.json.pointer import explain
from kit.rest.bodies import ReasonBody
from kit.rest.openapi import Variant, described
from kit.rest.view import ApiView
from projections.exceptions import InvalidBody, RebuildRefused, UnknownProjection
from projections.projection import projection_named
from projections.rebuilding.operations import ACTIONS, HowToRebuild, operate
from projections.rebuilding.records import RebuildStatus, rebuild_statuses
from projections.rest.views import ProjectionPath

SCOPES = {"GET": "read-models:read", "POST": "operate"}
_BodyT = TypeVar("_BodyT", bound=Struct)
VERBS = tuple(verb for verb in ACTIONS if verb != "rebuild")
REASON_SCHEMA = msgspec.json.schema_components([ReasonBody])[1][ReasonBody.__name__]


class RebuildBody(ReasonBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, and whether the new tables take over by themselves."""

    swap: bool = True


class Rebuilds(Struct, frozen=True, kw_only=True):
    """A projection's last rebuilds, the newest first."""

    items: list[RebuildStatus]
    next: None = None


class RebuildsView(ApiView):
    """The rebuilds of a projection."""

    required_scopes: ClassVar = SCOPES

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
        body=RebuildBody,
        answer=RebuildStatus,
        errors=(UnknownProjection, RebuildRefused, InvalidBody),
    )
    def post(self, request: Request, name: str) -> Response:
        """Begin to fill tables beside those that serve; workers go on with it."""
        body = _body(request.data, RebuildBody)
        how = HowToRebuild(swap=body.swap)
        return Response(operate("rebuild", projection_named(name), how, actor=str(request.user), reason=body.reason))


class RebuildVerbView(ApiView):
    """What an operator does about a rebuild."""

    required_scopes: ClassVar = SCOPES

    @described(
        operation_id="operate_on_rebuild",
        summary="Operate on a rebuild",
        path=ProjectionPath,
        body=ReasonBody,
        answer=RebuildStatus,
        errors=(UnknownProjection, RebuildRefused, InvalidBody),
        variants=tuple(
            Variant(path={"verb": verb}, summary=ACTIONS[verb].explanation, body=REASON_SCHEMA) for verb in VERBS
        ),
    )
    def post(self, request: Request, name: str, verb: str) -> Response:
        """Do it, and answer with the rebuild afterwards; 409 where the tables as they are do not allow it."""
        reason = _body(request.data, ReasonBody).reason
        return Response(operate(verb, projection_named(name), NoArguments(), actor=str(request.user), reason=reason))


def _body(data: object, wanted: type[_BodyT]) -> _BodyT:
    try:
        return msgspec.convert(data, wanted)
    except msgspec.ValidationError as error:
        reason, pointer = explain(error)
        raise InvalidBody(reason, pointer=pointer) from error
