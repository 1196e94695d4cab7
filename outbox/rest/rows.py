"""Outbox rows over HTTP: listed, retried, discarded and rerouted."""

from collections.abc import Callable, Iterable
from typing import Annotated, ClassVar, get_args

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from kit.json.schema import text_like
from kit.paging import Page
from kit.rest.bodies import ReasonBody
from kit.rest.description.openapi import described
from kit.rest.pages import Paged
from kit.rest.view import ApiView
from outbox.dead_letters.selection import DeadLetterId
from outbox.exceptions import InvalidRequest, InvalidRoute, RowNotDead, RowNotFound
from outbox.models import OutboxEvent
from outbox.relay.row_actions import (
    MAX_KEY,
    TOPIC,
    discard_outbox_rows,
    get_outbox_row,
    outbox_actions,
    reroute_outbox_row,
    retry_outbox_rows,
)
from outbox.relay.row_filters import RowFilter, stuck_rows
from outbox.rest.operations import OPERATE, READ
from outbox.rest.parameters import Name, body_of
from outbox.rest.representations import RowDetail, RowState, RowView, row_detail, row_view

# Most rows that one request deals with.
MAX_ROWS = 10_000
VERBS: dict[str, Callable[..., int]] = {"retry": retry_outbox_rows, "discard": discard_outbox_rows}


class RowsQuery(Paged, frozen=True, kw_only=True):
    """Which rows."""

    state: Annotated[RowState | None, Meta(description=f"Only rows in this state: {', '.join(get_args(RowState))}")] = (
        None
    )
    topic: Annotated[Name, Meta(description="Only rows for this topic")] = ""
    event_type: Annotated[Name, Meta(description="Only rows of this event type")] = ""


class RowsBody(ReasonBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rows, by their numbers or by a filter, and why."""

    ids: Annotated[list[DeadLetterId], Meta(min_length=1, max_length=MAX_ROWS)] | None = None
    filter: RowFilter | None = None
    """Of the rows that it means, a request deals with the oldest 10 000: repeat it until nothing is changed."""

    def selection(self) -> Iterable[int]:
        """The numbers. Raises `InvalidRequest` unless rows are named in one way."""
        if self.ids is not None and self.filter is None:
            return self.ids
        if self.filter is not None and self.ids is None:
            return stuck_rows(self.filter).values_list("pk", flat=True)[:MAX_ROWS]
        raise InvalidRequest("needs either ids or a filter", pointer="")


ONE_WAY = Meta(
    extra_json_schema={
        "oneOf": [
            {"required": ["ids"], "properties": {"ids": {"type": "array"}, "filter": {"type": "null"}}},
            {"required": ["filter"], "properties": {"filter": {"type": "object"}, "ids": {"type": "null"}}},
        ]
    }
)
"""Rows are named either by their numbers or by a filter."""


class RouteBody(ReasonBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a row shall go, and why; what is left out stays."""

    topic: Annotated[str, text_like(TOPIC), Meta(extra_json_schema={"not": {"enum": [".", ".."]}})] | None = None
    partition_key: Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": MAX_KEY})] | None = None


SOMETHING = Meta(
    extra_json_schema={
        "anyOf": [
            {"required": ["topic"], "properties": {"topic": {"type": "string"}}},
            {"required": ["partition_key"], "properties": {"partition_key": {"type": "string"}}},
        ]
    }
)
"""A route names a topic, a key or both."""


class Changed(Struct, frozen=True, kw_only=True):
    """How many rows were changed; the others were in another state."""

    changed: int


class RowsView(ApiView):
    """The outbox."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="list_outbox_rows",
        summary="List outbox rows, newest first",
        query=RowsQuery,
        answer=Page[RowView],
    )
    def get(self, request: Request) -> Response:
        """A page of rows; published ones stay for the time that `OUTBOX_RETENTION` says."""
        query = RowsQuery.of(request)
        found = OutboxEvent.objects.filter(pk__lt=query.below)
        if query.state:
            found = found.in_state(query.state)
        if query.topic:
            found = found.filter(topic=query.topic)
        if query.event_type:
            found = found.filter(event_type=query.event_type)
        page = list(found.defer("payload", "metadata").order_by("-id")[: query.limit])
        following = str(page[-1].pk) if len(page) == query.limit else None
        return Response(Page(items=[row_view(row) for row in page], next=following))


class RowDetailView(ApiView):
    """One row."""

    required_scopes: ClassVar = READ

    @described(operation_id="get_outbox_row", summary="Get an outbox row", answer=RowDetail, errors=(RowNotFound,))
    def get(self, request: Request, row_id: int) -> Response:
        """The row, and what operators have done to it."""
        row = get_outbox_row(row_id)
        return Response(row_detail(row, outbox_actions(row.pk)))


class RowsOperationView(ApiView):
    """A decision about several rows."""

    required_scopes: ClassVar = OPERATE

    @described(
        operation_id="operate_on_outbox_rows",
        summary="Retry dead and waiting outbox rows now, or never publish dead ones",
        body=Annotated[RowsBody, ONE_WAY],
        answer=Changed,
        errors=(InvalidRequest,),
    )
    def post(self, request: Request, verb: str) -> Response:
        """Do it; rows in another state stay as they are, so that a repetition does no harm."""
        body = body_of(request.data, RowsBody)
        return Response(Changed(changed=VERBS[verb](body.selection(), actor=str(request.user), reason=body.reason)))


class RowOperationView(ApiView):
    """A decision about one row."""

    required_scopes: ClassVar = OPERATE

    @described(
        operation_id="operate_on_outbox_row",
        summary="Retry a dead or waiting outbox row now, or never publish a dead one",
        body=ReasonBody,
        answer=Changed,
        errors=(InvalidRequest, RowNotFound),
    )
    def post(self, request: Request, row_id: int, verb: str) -> Response:
        """Do it; a row in another state stays as it is."""
        body = body_of(request.data, ReasonBody)
        row = get_outbox_row(row_id)
        return Response(Changed(changed=VERBS[verb]([row.pk], actor=str(request.user), reason=body.reason)))


class RowRouteView(ApiView):
    """Where a row goes."""

    required_scopes: ClassVar = OPERATE

    @described(
        operation_id="reroute_outbox_row",
        summary="Send a dead outbox row to another topic or under another key",
        body=Annotated[RouteBody, SOMETHING],
        answer=RowView,
        errors=(InvalidRequest, InvalidRoute, RowNotFound, RowNotDead),
    )
    def post(self, request: Request, row_id: int) -> Response:
        """Reroute, and try again with all attempts; the payload stays the event's. 409 when the row is not dead."""
        body = body_of(request.data, RouteBody)
        row = reroute_outbox_row(
            row_id,
            topic=body.topic,
            partition_key=body.partition_key,
            actor=str(request.user),
            reason=body.reason,
        )
        return Response(row_view(row))
