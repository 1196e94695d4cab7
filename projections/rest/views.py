"""Projections over HTTP: how far each of them is, and operated."""

from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from msgspec import Struct, defstruct
from rest_framework.request import Request
from rest_framework.response import Response

from kit.json.pointer import explain
from kit.json.schema import one_of
from kit.rest.bodies import ReasonBody
from kit.rest.description.openapi import Variant, described
from kit.rest.view import ApiView
from outbox.api import Check
from projections.definition.registry import projection_named, registered_projections
from projections.exceptions import InvalidRequest, RebuildRefused, UnknownProjection, VerbRefused
from projections.operating.actions import ACTIONS, operate
from projections.operating.reading import (
    ProjectionDetail,
    ProjectionStatus,
    projection_detail,
    projection_statuses,
    worker_state,
)

BodyT = TypeVar("BodyT", bound=Struct)
READ = {"GET": "read-models:read"}
OPERATE = {"POST": "operate"}
CONFLICTS = (UnknownProjection, VerbRefused, RebuildRefused, InvalidRequest)


class ProjectionPath(Struct):
    """The address of a projection."""

    name: Annotated[str, one_of(sorted(one.name for one in registered_projections()))]


class Statuses(Struct, frozen=True, kw_only=True):
    """All projections."""

    items: list[ProjectionStatus]
    worker: Check
    """Whether a worker that keeps them up to date gives signs of life; without one, their lag grows."""
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
        return Response(Statuses(items=projection_statuses(), worker=worker_state()))


class OneProjectionView(ApiView):
    """One projection."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="get_projection",
        summary="See how far a projection is",
        path=ProjectionPath,
        answer=ProjectionDetail,
        errors=(UnknownProjection,),
    )
    def get(self, request: Request, name: str) -> Response:
        """Status, checkpoint and lag, what is parked and what was skipped, and what operators did."""
        return Response(projection_detail(projection_named(name)))


BODIES: dict[str, type[Struct]] = {
    verb: defstruct(
        f"Projection{verb.capitalize()}Body",
        [
            (field.encode_name, field.type) if field.required else (field.encode_name, field.type, field.default)
            for field in msgspec.structs.fields(action.arguments)
        ],
        bases=(ReasonBody,),
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
    for verb, action in ACTIONS.items()
}
"""What each verb takes: its arguments, and the reason."""


def _schema(body: type[Struct]) -> dict[str, Any]:
    schema: dict[str, Any] = msgspec.json.schema_components([body])[1][body.__name__]
    return schema


def body_of(data: Any, kind: type[BodyT]) -> BodyT:
    """A request's body as what a verb takes. Raises `InvalidRequest` with a pointer into it."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        reason, pointer = explain(error)
        raise InvalidRequest(reason, pointer=pointer) from error


def operated(request: Request, name: str, verb: str) -> Response:
    """Do what the body of a request says; the projection afterwards."""
    projection = projection_named(name)
    given = msgspec.to_builtins(body_of(request.data, BODIES[verb]))
    reason = given.pop("reason")
    operate(verb, projection, msgspec.convert(given, ACTIONS[verb].arguments), actor=str(request.user), reason=reason)
    return Response(projection_detail(projection))


class ProjectionVerbView(ApiView):
    """What an operator does to one projection."""

    required_scopes: ClassVar = OPERATE

    @described(
        operation_id="operate_on_projection",
        summary="Operate on a projection",
        path=ProjectionPath,
        body=ReasonBody,
        answer=ProjectionDetail,
        errors=CONFLICTS,
        variants=tuple(
            Variant(path={"verb": verb}, summary=action.explanation, body=_schema(BODIES[verb]))
            for verb, action in ACTIONS.items()
            if verb != "rebuild"
        ),
    )
    def post(self, request: Request, name: str, verb: str) -> Response:
        """Do it, and answer with the projection afterwards; 409 where what holds for it does not allow it."""
        return operated(request, name, verb)
