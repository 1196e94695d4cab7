"""Dead letters over HTTP: listed, retried, edited, discarded and archived."""

import re
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from kit.exceptions import InvalidParameter
from kit.json.schema import text_like
from kit.paging import Page
from kit.rest.bodies import Reason, ReasonBody
from kit.rest.description.answer_headers import location_header, replayed_header
from kit.rest.description.openapi import described
from kit.rest.idempotency import IDEMPOTENCY_KEY
from kit.rest.pages import Limited, Paged
from kit.rest.query import Timestamp
from kit.rest.view import ApiView
from outbox.dead_letters.edits import DeadLetterEdit, edit_and_retry
from outbox.dead_letters.groups import FailureGroup, failure_groups
from outbox.dead_letters.representation import DeadLetterSummary, DeadLetterView, dead_letter_summary, dead_letter_view
from outbox.dead_letters.selection import DeadLetterFilter, Status, by_ids, select
from outbox.exceptions import DeadLetterNotFound, DeadLetterNotOpen, InvalidEdit, InvalidRequest, RequestIdConflict
from outbox.models import DeadLetter
from outbox.rest.operations import OPERATE, READ, RetryBody, accepted, start
from outbox.rest.parameters import Name, body_of
from outbox.rest.representations import OperationView

# How many dead letters the last group of the page before has, and which group that is.
PLACE = re.compile(r"([0-9]{1,18})-([0-9A-Za-z]{1,16})", re.ASCII)


class DeadLettersQuery(Paged, frozen=True, kw_only=True):
    """Which dead letters: those for which all that is said holds."""

    status: Annotated[
        Status | None,
        Meta(description="Only letters in this state: `open`, `retrying`, `retried`, `discarded` or `replaced`"),
    ] = None
    failure_group: Annotated[Name, Meta(description="Only failures of this group")] = ""
    consumer: Annotated[Name, Meta(description="Only letters of this consumer group")] = ""
    event_type: Annotated[Name, Meta(description="Only letters of this event type")] = ""
    topic: Annotated[Name, Meta(description="Only letters that came from this topic")] = ""
    exception: Annotated[Name, Meta(description="Only letters that this class of exception was raised for")] = ""
    text: Annotated[Name, Meta(description="Only letters with this in the exception's message, in any case")] = ""
    since: Annotated[Timestamp | None, Meta(description="Only letters that failed last at this time or later")] = None
    until: Annotated[Timestamp | None, Meta(description="Only letters that failed last before this time")] = None
    archived: Annotated[
        Literal["false", "true", "any"],
        Meta(description="`false` by default; `true` for archived ones, `any` for both"),
    ] = "false"

    @property
    def filter(self) -> DeadLetterFilter:
        """The same as a filter."""
        return DeadLetterFilter(
            status=self.status,
            failure_group=self.failure_group or None,
            consumer=self.consumer or None,
            event_type=self.event_type or None,
            topic=self.topic or None,
            exception=self.exception or None,
            text=self.text or None,
            since=self.since,
            until=self.until,
            archived=None if self.archived == "any" else self.archived == "true",
        )


class FailureGroupsQuery(Limited, frozen=True, kw_only=True):
    """Which failure groups."""

    consumer: Annotated[Name, Meta(description="Only letters of this consumer group")] = ""
    after: Annotated[
        Annotated[str, text_like(PLACE)] | None,
        Meta(description="`next` of the page before; the first page without it"),
    ] = None


class EditBody(DeadLetterEdit, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different in the copy, and why."""

    reason: Reason


class Edited(Struct, frozen=True, kw_only=True):
    """The edited copy, and the operation that has it handled."""

    letter: int
    event_id: UUID
    operation: int


class DeadLettersView(ApiView):
    """The dead letters."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="list_dead_letters",
        summary="List dead letters, newest first",
        query=DeadLettersQuery,
        answer=Page[DeadLetterSummary],
    )
    def get(self, request: Request) -> Response:
        """A page of the letters for which all that is said holds."""
        query = DeadLettersQuery.of(request)
        found = select(query.filter).filter(pk__lt=query.below).defer("body", "headers").order_by("-id")
        page = list(found[: query.limit])
        following = str(page[-1].pk) if len(page) == query.limit else None
        return Response(Page(items=[dead_letter_summary(letter) for letter in page], next=following))


class DeadLetterDetailView(ApiView):
    """One dead letter."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="get_dead_letter", summary="Get a dead letter", answer=DeadLetterView, errors=(DeadLetterNotFound,)
    )
    def get(self, request: Request, letter_id: int) -> Response:
        """The letter with its message as it came."""
        return Response(dead_letter_view(_dead_letter(letter_id)))


class DeadLetterVerbView(ApiView):
    """Something that is done to one letter."""

    required_scopes: ClassVar = OPERATE

    @described(
        operation_id="operate_on_dead_letter",
        summary="Retry, discard or archive a dead letter",
        body=ReasonBody,
        answer=OperationView,
        statuses=(202,),
        headers=(IDEMPOTENCY_KEY,),
        answer_headers=(location_header(202), replayed_header(202)),
        errors=(InvalidRequest, DeadLetterNotFound, DeadLetterNotOpen, RequestIdConflict),
    )
    def post(self, request: Request, letter_id: int, verb: str) -> Response:
        """Begin; `Location` says where to see what has become of it. 409 when the letter is not open."""
        body, letter = body_of(request.data, ReasonBody), _dead_letter(letter_id)
        return start(request, verb, by_ids(letter.pk), body, nothing=DeadLetterNotOpen(letter.pk, letter.status))


class DeadLetterEditView(ApiView):
    """The mending of a letter."""

    required_scopes: ClassVar = OPERATE

    @described(
        operation_id="edit_dead_letter",
        summary="Have an edited copy of a dead letter handled in its place",
        body=EditBody,
        answer=Edited,
        statuses=(202,),
        answer_headers=(location_header(202),),
        errors=(InvalidRequest, InvalidEdit, DeadLetterNotFound, DeadLetterNotOpen),
    )
    def post(self, request: Request, letter_id: int) -> Response:
        """Copy, edit, retry; the copy has an event id of its own, and the original stays as it came."""
        body = body_of(request.data, EditBody)
        edit = DeadLetterEdit(body=body.body, event_type=body.event_type, schema_version=body.schema_version)
        copy, operation = edit_and_retry(letter_id, edit, actor=str(request.user), reason=body.reason)
        edited = Edited(letter=copy.pk, event_id=copy.event_id, operation=operation.pk)
        return accepted(edited, operation)


class FailureGroupsView(ApiView):
    """The failure groups."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="list_failure_groups",
        summary="See what goes wrong, where and how often",
        query=FailureGroupsQuery,
        answer=Page[FailureGroup],
    )
    def get(self, request: Request) -> Response:
        """A page of the groups of open letters, the largest first."""
        query = FailureGroupsQuery.of(request)
        groups = failure_groups(consumer=query.consumer or None, limit=query.limit, after=_after(query.after))
        following = f"{groups[-1].count}-{groups[-1].failure_group}" if len(groups) == query.limit else None
        return Response(Page(items=list(groups), next=following))


class FailureGroupOperationView(ApiView):
    """Something that is done to all letters of a failure group."""

    required_scopes: ClassVar = OPERATE

    @described(
        operation_id="operate_on_failure_group",
        summary="Retry, discard or archive the open dead letters of a failure group",
        body=RetryBody,
        answer=OperationView,
        statuses=(202,),
        headers=(IDEMPOTENCY_KEY,),
        answer_headers=(location_header(202), replayed_header(202)),
        errors=(InvalidRequest, RequestIdConflict),
    )
    def post(self, request: Request, failure_group: str, verb: str) -> Response:
        """Begin; `Location` says where to see how far it is."""
        return start(request, verb, DeadLetterFilter(failure_group=failure_group), body_of(request.data, RetryBody))


def _dead_letter(letter_id: int) -> DeadLetter:
    letter = DeadLetter.objects.filter(pk=letter_id).first()
    if letter is None:
        raise DeadLetterNotFound(letter_id)
    return letter


def _after(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    place = PLACE.fullmatch(text)
    if place is None:
        raise InvalidParameter("after", "must be what a page has given out as next")
    return int(place[1]), place[2]
