"""How are dead letters seen and decided about over HTTP?"""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from outbox.dead_letters.edits import DeadLetterEdit, edit_and_retry
from outbox.dead_letters.groups import FailureGroup, failure_groups
from outbox.dead_letters.selection import DeadLetterFilter, by_ids, select
from outbox.exceptions import DeadLetterNotFound, DeadLetterNotOpen, InvalidParameter
from outbox.models import DeadLetter
from outbox.rest.operations import ACCEPTED, OPERATE, READ, RetryBody, accepted, start
from outbox.rest.parameters import (
    AFTER,
    FILTERS,
    IDEMPOTENCY_KEY,
    LIMIT,
    MAX_ID,
    Reason,
    ReasonBody,
    body_of,
    dead_letter_filter,
    in_query,
    limit_of,
    only,
    plain_text,
    whole_number,
)
from outbox.rest.representations import DeadLetterSummary, DeadLetterView, dead_letter_summary, dead_letter_view
from outbox.rest.schemas import page_of, schema_of

OK = (200, "application/json")


class EditBody(DeadLetterEdit, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different in the copy, and why."""

    reason: Reason


class Edited(Struct, frozen=True, kw_only=True):
    """The edited copy, and the operation that has it handled."""

    letter: int
    event_id: UUID
    operation: int


class DeadLettersView(APIView):
    """The dead letters."""

    required_scopes: ClassVar = READ

    @extend_schema(
        operation_id="list_dead_letters",
        summary="List dead letters, newest first",
        parameters=[*(in_query(name, str, text) for name, text in FILTERS.items()), AFTER, LIMIT],
        responses={OK: page_of(DeadLetterSummary)},
    )
    def get(self, request: Request) -> Response:
        """A page of the letters for which all that is said holds."""
        query = request.query_params
        only(query, *FILTERS, "after", "limit")
        limit, after = limit_of(query), whole_number(query, "after", most=MAX_ID, default=MAX_ID)
        page = list(
            select(dead_letter_filter(query)).filter(pk__lt=after).defer("body", "headers").order_by("-id")[:limit]
        )
        following = str(page[-1].pk) if len(page) == limit else None
        return Response({"items": [dead_letter_summary(letter) for letter in page], "next": following})


class DeadLetterDetailView(APIView):
    """One dead letter."""

    required_scopes: ClassVar = READ

    @extend_schema(
        operation_id="get_dead_letter", summary="Get a dead letter", responses={OK: schema_of(DeadLetterView)}
    )
    def get(self, request: Request, letter_id: int) -> Response:
        """The letter with its message as it came."""
        only(request.query_params)
        return Response(dead_letter_view(_letter(letter_id)))


class DeadLetterVerbView(APIView):
    """Something that is done to one letter."""

    required_scopes: ClassVar = OPERATE

    @extend_schema(
        operation_id="operate_on_dead_letter",
        summary="Retry, discard or archive a dead letter",
        request={"application/json": schema_of(ReasonBody)},
        responses=ACCEPTED,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, letter_id: int, verb: str) -> Response:
        """Begin; `Location` says where to see what has become of it. 409 when the letter is not open."""
        letter = _letter(letter_id)
        return start(
            request,
            verb,
            by_ids(letter.pk),
            body_of(request.data, ReasonBody),
            nothing=DeadLetterNotOpen(letter.pk, letter.status),
        )


class DeadLetterEditView(APIView):
    """The mending of a letter."""

    required_scopes: ClassVar = OPERATE

    @extend_schema(
        operation_id="edit_dead_letter",
        summary="Have an edited copy of a dead letter handled in its place",
        request={"application/json": schema_of(EditBody)},
        responses={(202, "application/json"): schema_of(Edited)},
    )
    def post(self, request: Request, letter_id: int) -> Response:
        """Copy, edit, retry; the copy has an event id of its own, and the original stays as it came."""
        body = body_of(request.data, EditBody)
        edit = DeadLetterEdit(body=body.body, event_type=body.event_type, schema_version=body.schema_version)
        copy, operation = edit_and_retry(letter_id, edit, actor=str(request.user), reason=body.reason)
        edited = Edited(letter=copy.pk, event_id=copy.event_id, operation=operation.pk)
        return accepted(edited, operation)


class FailureGroupsView(APIView):
    """The failure groups."""

    required_scopes: ClassVar = READ

    @extend_schema(
        operation_id="list_failure_groups",
        summary="See what goes wrong, where and how often",
        parameters=[in_query("consumer", str, FILTERS["consumer"]), AFTER, LIMIT],
        responses={OK: page_of(FailureGroup)},
    )
    def get(self, request: Request) -> Response:
        """A page of the groups of open letters, the largest first."""
        query = request.query_params
        only(query, "consumer", "after", "limit")
        limit = limit_of(query)
        groups = failure_groups(consumer=plain_text(query, "consumer"), limit=limit, after=_after(query.get("after")))
        following = f"{groups[-1].count}-{groups[-1].failure_group}" if len(groups) == limit else None
        return Response({"items": groups, "next": following})


class FailureGroupOperationView(APIView):
    """Something that is done to all letters of a failure group."""

    required_scopes: ClassVar = OPERATE

    @extend_schema(
        operation_id="operate_on_failure_group",
        summary="Retry, discard or archive the open dead letters of a failure group",
        request={"application/json": schema_of(RetryBody)},
        responses=ACCEPTED,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, failure_group: str, verb: str) -> Response:
        """Begin; `Location` says where to see how far it is."""
        return start(request, verb, DeadLetterFilter(failure_group=failure_group), body_of(request.data, RetryBody))


def _letter(letter_id: int) -> DeadLetter:
    letter = DeadLetter.objects.filter(pk=letter_id).first()
    if letter is None:
        raise DeadLetterNotFound(letter_id)
    return letter


def _after(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    count, _, group = text.partition("-")
    if not (count.isascii() and count.isdigit() and len(count) < 19 and group.isalnum() and len(group) <= 16):
        raise InvalidParameter("after", "must be what a page has given out as next")
    return int(count), group
