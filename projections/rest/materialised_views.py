"""Materialised views over HTTP: how fresh each of them is, and refreshed; and answers that say as of when they are."""

from collections.abc import Callable
from typing import ClassVar, TypeVar

from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from kit.replicas.reads import Source
from kit.rest.bodies import ReasonBody
from kit.rest.description.answer_headers import AS_OF
from kit.rest.description.openapi import described
from kit.rest.query import Timestamp
from kit.rest.replicas import Cached, read_cached
from kit.rest.view import ApiView
from projections.exceptions import InvalidRequest, UnknownView
from projections.rest.views import OPERATE, READ, body_of
from projections.views.operating import ask_for_refresh
from projections.views.records import ViewStatus, as_of, view_statuses

AnswerT = TypeVar("AnswerT")


class Views(Struct, frozen=True, kw_only=True):
    """All materialised views."""

    items: list[ViewStatus]
    next: None = None


class MaterialisedViewsView(ApiView):
    """The materialised views."""

    required_scopes: ClassVar = READ

    @described(operation_id="list_materialised_views", summary="See how fresh the materialised views are", answer=Views)
    def get(self, request: Request) -> Response:
        """All of them with age, last refresh and what it failed with, as the tables say."""
        return Response(Views(items=view_statuses()))


class RefreshView(ApiView):
    """Refreshes of a materialised view."""

    required_scopes: ClassVar = OPERATE

    @described(
        operation_id="refresh_materialised_view",
        summary="Have a materialised view computed anew",
        body=ReasonBody,
        answer=ViewStatus,
        statuses=(202,),
        errors=(UnknownView, InvalidRequest),
    )
    def post(self, request: Request, name: str) -> Response:
        """Ask for it, and answer with the view as it is; a worker refreshes it within some seconds."""
        body = body_of(request.data, ReasonBody)
        return Response(ask_for_refresh(name, actor=str(request.user), reason=body.reason), status=202)


class FullViewView(ApiView):
    """A view of a full materialised view, which subclasses name: answers say in `Nova-As-Of` how fresh they are."""

    materialised_view: ClassVar[str]

    def answer(self, request: Request, query: Callable[[Source], AnswerT], *, cached: Cached) -> AnswerT:
        """What the query answers, kept until the next refresh. Raises what the query raises."""

        def ask(source: Source) -> tuple[Timestamp | None, AnswerT]:
            return as_of(self.materialised_view, using=source.alias), query(source)

        at, answer = read_cached(request, ask, cached.beside(Timestamp | None))
        if at is not None:
            self.headers[AS_OF] = at.isoformat().replace("+00:00", "Z")
        return answer
