"""Operations on dead letters over HTTP: begun, followed and cancelled."""

from typing import Annotated, ClassVar, Literal, get_args

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from kit.links import link_to
from kit.paging import Page
from kit.rest.bodies import ReasonBody
from kit.rest.description.answer_headers import location_header, replayed_header
from kit.rest.description.openapi import described
from kit.rest.idempotency import IDEMPOTENCY_KEY, idempotency_key
from kit.rest.pages import Paged
from kit.rest.view import ApiView
from outbox.dead_letters.operations import (
    MAX_RATE,
    MIN_RATE,
    affected,
    cancel_operation,
    get_operation,
    has_been_asked,
    start_operation,
)
from outbox.dead_letters.selection import DeadLetterFilter
from outbox.exceptions import InvalidRequest, OperationFinished, OperationNotFound, OutboxError, RequestIdConflict
from outbox.models import DeadLetterOperation
from outbox.rest.parameters import body_of
from outbox.rest.representations import OperationView, operation_view

READ = {"GET": "outbox:read"}
OPERATE = {"POST": "outbox:operate"}

State = Literal["queued", "running", "done", "cancelled", "failed"]
Rate = Annotated[float, Meta(ge=MIN_RATE, le=MAX_RATE)]


class OperationsQuery(Paged, frozen=True, kw_only=True):
    """Which operations."""

    state: Annotated[
        State | None,
        Meta(description=f"Only those in this state: {', '.join(get_args(State))}"),
    ] = None


class RetryBody(ReasonBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, and how fast."""

    rate: Rate | None = None
    """Most dead letters retried in a second."""


class OperationBody(RetryBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be done to which dead letters, and why."""

    verb: Literal["retry", "discard", "archive"]
    filter: DeadLetterFilter
    """An empty one means all open dead letters that are not archived."""
    dry_run: bool = False
    """Only say how many dead letters it would be."""


class DryRun(Struct, frozen=True, kw_only=True):
    """What an operation would be about."""

    total: Annotated[int, Meta(description="How many dead letters.")]


class OperationsView(ApiView):
    """The operations."""

    required_scopes: ClassVar = READ | OPERATE

    @described(
        operation_id="list_operations",
        summary="List operations on dead letters, newest first",
        query=OperationsQuery,
        answer=Page[OperationView],
    )
    def get(self, request: Request) -> Response:
        """A page of operations."""
        query = OperationsQuery.of(request)
        found = DeadLetterOperation.objects.filter(pk__lt=query.below).order_by("-id")
        if query.state:
            found = found.filter(state=query.state)
        page = list(found[: query.limit])
        following = str(page[-1].pk) if len(page) == query.limit else None
        return Response(Page(items=[operation_view(operation) for operation in page], next=following))

    @described(
        operation_id="start_operation",
        summary="Retry, discard or archive all dead letters that a filter means",
        body=OperationBody,
        answer=OperationView,
        statuses=(202,),
        dry_run=DryRun,
        headers=(IDEMPOTENCY_KEY,),
        answer_headers=(location_header(202), replayed_header(202)),
        errors=(InvalidRequest, RequestIdConflict),
    )
    def post(self, request: Request) -> Response:
        """Begin; `Location` says where to see how far it is. A dry run answers 200 with `total` and does nothing."""
        body = body_of(request.data, OperationBody)
        # A dry run needs no key, and refuses one that is none.
        idempotency_key(request.headers)
        if body.dry_run:
            return Response(DryRun(total=affected(body.verb, body.filter).count()))
        return start(request, body.verb, body.filter, body)


class OperationDetailView(ApiView):
    """One operation."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="get_operation",
        summary="See how far an operation is",
        answer=OperationView,
        errors=(OperationNotFound,),
    )
    def get(self, request: Request, operation_id: int) -> Response:
        """The operation as it is now."""
        return Response(operation_view(get_operation(operation_id)))


class CancelOperationView(ApiView):
    """The end of an operation before its time."""

    required_scopes: ClassVar = OPERATE

    @described(
        operation_id="cancel_operation",
        summary="Stop an operation behind the dead letter in hand",
        body=ReasonBody,
        answer=OperationView,
        errors=(InvalidRequest, OperationNotFound, OperationFinished),
    )
    def post(self, request: Request, operation_id: int) -> Response:
        """Cancel; dead letters whose turn has not come are open again. 409 when it has ended."""
        reason = body_of(request.data, ReasonBody).reason
        operation = cancel_operation(operation_id, actor=str(request.user), reason=reason)
        return Response(operation_view(operation))


def start(
    request: Request,
    verb: str,
    wanted: DeadLetterFilter,
    body: ReasonBody | RetryBody,
    *,
    nothing: OutboxError | None = None,
) -> Response:
    """Begin an operation and say where it is seen; raises `nothing` when no dead letter is in a state for it."""
    request_id = idempotency_key(request.headers)
    # In this order: a dead letter that the first of two such requests has just taken is seen only with its operation.
    if nothing is not None and not affected(verb, wanted).exists() and not (request_id and has_been_asked(request_id)):
        raise nothing
    operation, replayed = start_operation(
        verb,
        wanted,
        actor=str(request.user),
        reason=body.reason,
        rate=body.rate if isinstance(body, RetryBody) else None,
        request_id=request_id,
    )
    return accepted(operation_view(operation), operation, replayed=replayed)


def accepted(body: Struct, operation: DeadLetterOperation, *, replayed: bool = False) -> Response:
    """202, and where to see what has become of it."""
    headers = {"Location": link_to("operation", operation.pk)}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(body, status=202, headers=headers)
