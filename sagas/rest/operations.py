"""Operations on many sagas over HTTP: begun, followed and cancelled."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from kit.json.schema import one_of
from kit.links import link_to
from kit.paging import Page
from kit.rest.bodies import ReasonBody
from kit.rest.description.answer_headers import location_header, replayed_header
from kit.rest.description.openapi import described
from kit.rest.idempotency import IDEMPOTENCY_KEY, idempotency_key
from kit.rest.pages import Paged
from kit.rest.view import ApiView
from sagas.exceptions import InvalidData, OperationFinished, OperationNotFound, RequestIdConflict
from sagas.models import SagaOperation
from sagas.operating.actions import ACTIONS
from sagas.operating.operations import (
    DEFAULT_RATE,
    MAX_RATE,
    MIN_RATE,
    OPERATIONS,
    VERBS,
    cancel_operation,
    refused_items,
    start_operation,
)
from sagas.operating.reading import SagaView, saga_view
from sagas.operating.selection import Name, SagaFilter, affected
from sagas.rest.bodies import body_of

READ = {"GET": "sagas:read"}
OPERATE = {"POST": "sagas:operate"}
SHOWN = 20  # instances of a dry run, and of those that were refused

State = Literal["queued", "running", "done", "cancelled", "failed"]


class OperationsQuery(Paged, frozen=True, kw_only=True):
    """Which operations."""

    state: Annotated[
        State | None,
        Meta(description=f"Only those in this state: {', '.join(get_args(State))}"),
    ] = None


class SagaOperationBody(ReasonBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be done to which instances, and why."""

    verb: Literal["retry", "skip", "compensate", "resume", "cancel"]
    filter: SagaFilter
    """An empty one means all that have not ended."""
    step: Name | None = None
    """Which step is retried or skipped; of the other verbs, none."""
    rate: Annotated[float, Meta(ge=MIN_RATE, le=MAX_RATE)] = DEFAULT_RATE
    """Most instances in a second."""
    dry_run: bool = False
    """Only say how many instances it would be, and which are the first."""

    def arguments(self) -> Struct:
        """Those of the verb. Raises `InvalidData`."""
        wanted = ACTIONS[self.verb].arguments
        if (self.step is not None) != bool(wanted.__struct_fields__):
            raise InvalidData(f"{self.verb} has no step" if self.step else f"{self.verb} needs a step", pointer="/step")
        return wanted() if self.step is None else wanted(step=self.step)


class SagaDryRun(Struct, frozen=True, kw_only=True):
    """What an operation would be about."""

    total: Annotated[int, Meta(description="How many instances.")]
    first: Annotated[list[SagaView], Meta(description=f"The first {SHOWN} of them, in the order of the operation.")]


class Refused(Struct, frozen=True, kw_only=True):
    """An instance that an operation was refused on."""

    saga_id: UUID
    key: str
    why_not: str


class SagaOperationView(Struct, frozen=True, kw_only=True):
    """An operation on sagas, and how far it is."""

    id: int
    verb: Annotated[str, one_of(VERBS)]
    filter: dict[str, Any]
    arguments: dict[str, Any]
    actor: str
    reason: str
    rate: float
    """Most instances in a second."""
    state: Annotated[str, one_of(SagaOperation.State.values)]
    total: int
    done: int
    refused: int
    pending: int
    cancelled_by: str
    """Empty unless it was cancelled."""
    cancel_reason: str
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class SagaOperationDetail(SagaOperationView, frozen=True, kw_only=True):
    """An operation on sagas with the first instances that it was refused on."""

    refused_instances: Annotated[list[Refused], Meta(description=f"The first {SHOWN} instances that were refused.")]


class OperationsView(ApiView):
    """The operations."""

    required_scopes: ClassVar = READ | OPERATE

    @described(
        operation_id="list_saga_operations",
        summary="List operations on sagas, newest first",
        query=OperationsQuery,
        answer=Page[SagaOperationView],
    )
    def get(self, request: Request) -> Response:
        """A page of operations."""
        query = OperationsQuery.of(request)
        found = SagaOperation.objects.filter(pk__lt=query.below).order_by("-id")
        if query.state:
            found = found.filter(state=query.state)
        page = list(found[: query.limit])
        following = str(page[-1].pk) if len(page) == query.limit else None
        return Response(Page(items=[_view(operation) for operation in page], next=following))

    @described(
        operation_id="start_saga_operation",
        summary="Retry, skip, compensate, resume or give up all sagas that a filter means",
        body=SagaOperationBody,
        answer=SagaOperationDetail,
        statuses=(202,),
        dry_run=SagaDryRun,
        headers=(IDEMPOTENCY_KEY,),
        answer_headers=(location_header(202), replayed_header(202)),
        errors=(InvalidData, RequestIdConflict),
    )
    def post(self, request: Request) -> Response:
        """Begin; `Location` says where to see how far it is. A dry run answers 200 and does nothing."""
        body = body_of(request.data, SagaOperationBody)
        arguments = body.arguments()
        # A dry run needs no key, and refuses one that is none.
        request_id = idempotency_key(request.headers)
        if body.dry_run:
            rows = affected(body.verb, body.filter)
            first = [saga_view(row) for row in rows.defer("state").order_by("updated_at", "saga_id")[:SHOWN]]
            return Response(SagaDryRun(total=rows.count(), first=first))
        operation, replayed = start_operation(
            body.verb,
            body.filter,
            arguments,
            actor=str(request.user),
            reason=body.reason,
            rate=body.rate,
            request_id=request_id,
        )
        headers = {"Location": link_to("saga-bulk-operation", operation.pk)}
        if replayed:
            headers["Idempotency-Replayed"] = "true"
        return Response(_detail(operation), status=202, headers=headers)


class OperationDetailView(ApiView):
    """One operation."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="get_saga_operation",
        summary="See how far an operation on sagas is",
        answer=SagaOperationDetail,
        errors=(OperationNotFound,),
    )
    def get(self, request: Request, operation_id: int) -> Response:
        """The operation as it is now, with the first instances that it was refused on."""
        return Response(_detail(OPERATIONS.get(operation_id)))


class CancelOperationView(ApiView):
    """The end of an operation before its time."""

    required_scopes: ClassVar = OPERATE

    @described(
        operation_id="cancel_saga_operation",
        summary="Stop an operation on sagas behind the instance in hand",
        body=ReasonBody,
        answer=SagaOperationDetail,
        errors=(InvalidData, OperationNotFound, OperationFinished),
    )
    def post(self, request: Request, operation_id: int) -> Response:
        """Cancel; instances whose turn has not come stay as they are. 409 when it has ended."""
        reason = body_of(request.data, ReasonBody).reason
        return Response(_detail(cancel_operation(operation_id, actor=str(request.user), reason=reason)))


def _view(operation: SagaOperation) -> SagaOperationView:
    return SagaOperationView(**{name: getattr(operation, name) for name in SagaOperationView.__struct_fields__})


def _detail(operation: SagaOperation) -> SagaOperationDetail:
    refused = [
        Refused(saga_id=item.saga_id, key=item.key, why_not=item.why_not)
        for item in refused_items(operation, limit=SHOWN)
    ]
    return SagaOperationDetail(**msgspec.structs.asdict(_view(operation)), refused_instances=refused)
