"""Sagas over HTTP: listed, looked at, and operated."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, get_args
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, defstruct
from rest_framework.request import Request
from rest_framework.response import Response

from kit.paging import Page
from kit.rest.bodies import ReasonBody
from kit.rest.description.openapi import Variant, described
from kit.rest.description.struct_schemas import REFERENCE
from kit.rest.pages import Limited
from kit.rest.query import Text, Timestamp
from kit.rest.view import ApiView
from sagas.exceptions import InvalidArgument, InvalidData, SagaNotFound, UnknownShape, VerbRefused
from sagas.models import SagaState
from sagas.operating.actions import ACTIONS, operate
from sagas.operating.reading import SagaDetail, SagaView, saga_detail, saga_view
from sagas.operating.selection import SagaFilter, StatusName, condition_of
from sagas.rest.bodies import body_of

READ = {"GET": "sagas:read"}
OPERATE = {"POST": "sagas:operate"}
Name = Annotated[Text, Meta(max_length=255)]
STATUSES = ", ".join(get_args(StatusName))


class SagasQuery(Limited, frozen=True, kw_only=True):
    """Which instances."""

    saga: Annotated[Name, Meta(description="Only those of this definition")] = ""
    status: Annotated[StatusName | None, Meta(description=f"Only those that stand there: {STATUSES}")] = None
    current_step: Annotated[Name, Meta(description="Only those whose first step that is not passed is this")] = ""
    key: Annotated[Name, Meta(description="Only the one of this key, such as an order")] = ""
    key_prefix: Annotated[Name, Meta(description="Only those whose keys begin with this")] = ""
    error: Annotated[Name, Meta(description="Only those whose error has this in it, in any case")] = ""
    correlation_id: Annotated[UUID | None, Meta(description="Only those of this conversation")] = None
    moved_before: Annotated[Timestamp | None, Meta(description="Only those without a transition since then")] = None
    started_before: Annotated[Timestamp | None, Meta(description="Only those that began before")] = None
    after: Annotated[
        Annotated[str, Meta(pattern=r"^[^\x00]{1,100}$", extra_json_schema={"format": "cursor"})] | None,
        Meta(description="`next` of the page before; the first page without it"),
    ] = None


class SagasView(ApiView):
    """The instances."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="list_sagas",
        summary="List sagas, those that moved last first",
        query=SagasQuery,
        answer=Page[SagaView],
    )
    def get(self, request: Request) -> Response:
        """A page of instances."""
        query = SagasQuery.of(request)
        wanted = {name: getattr(query, name) or None for name in SagaFilter.__struct_fields__}
        rows = SagaState.objects.filter(condition_of(SagaFilter(**wanted)))
        if query.after is not None:
            at, saga_id = _cursor(query.after)
            rows = rows.filter(updated_at__lte=at).exclude(updated_at=at, saga_id__gte=saga_id)
        page = list(rows.defer("state").order_by("-updated_at", "-saga_id")[: query.limit])
        following = f"{page[-1].updated_at.isoformat()}|{page[-1].pk}" if len(page) == query.limit else None
        return Response(Page(items=[saga_view(row) for row in page], next=following))


class SagaDetailView(ApiView):
    """One instance."""

    required_scopes: ClassVar = READ

    @described(operation_id="get_saga", summary="Get a saga", answer=SagaDetail, errors=(SagaNotFound,))
    def get(self, request: Request, saga_id: UUID) -> Response:
        """The instance, what it waits for, its steps, and every transition with what caused it and what went out."""
        return Response(saga_detail(saga_id))


BODIES: dict[str, type[Struct]] = {
    verb: defstruct(
        f"Saga{verb.capitalize()}Body",
        [(field.encode_name, field.type) for field in msgspec.structs.fields(action.arguments)],
        bases=(ReasonBody,),
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
    for verb, action in ACTIONS.items()
}
"""What each verb takes: its arguments, and the reason."""


def _schema(body: type[Struct]) -> dict[str, Any]:
    described_body: dict[str, Any] = msgspec.json.schema_components([body])[1][body.__name__]
    if "data" in described_body["properties"]:
        # Of each definition's own shape; what all have in common is that they are I-JSON, as events are.
        value = {"$ref": REFERENCE.format(name="json-value")}
        described_body["properties"]["data"] = {"type": "object", "additionalProperties": value}
    return described_body


class SagaVerbView(ApiView):
    """What an operator does to one instance."""

    required_scopes: ClassVar = OPERATE

    @described(
        operation_id="operate_on_saga",
        summary="Operate on a saga",
        body=ReasonBody,
        answer=SagaDetail,
        errors=(SagaNotFound, VerbRefused, UnknownShape, InvalidData),
        variants=tuple(
            Variant(path={"verb": verb}, summary=action.explanation, body=_schema(BODIES[verb]))
            for verb, action in ACTIONS.items()
        ),
    )
    def post(self, request: Request, saga_id: UUID, verb: str) -> Response:
        """Do it, and answer with the instance afterwards; 409 where its state does not allow it."""
        body = body_of(request.data, BODIES[verb])
        given = msgspec.to_builtins(body)
        reason = given.pop("reason")
        arguments = msgspec.convert(given, ACTIONS[verb].arguments)
        operate(verb, saga_id, arguments, actor=str(request.user), reason=reason)
        return Response(saga_detail(saga_id))


def _cursor(text: str) -> tuple[datetime, UUID]:
    at, _, saga_id = text.partition("|")
    try:
        return msgspec.convert(at, Annotated[datetime, Meta(tz=True)]), UUID(saga_id)
    except (msgspec.ValidationError, ValueError):
        raise InvalidArgument("after", "must be `next` of a page") from None
