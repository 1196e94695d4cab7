"""Finds over HTTP: what an id names, for people and programs without a browser."""

from typing import Annotated, ClassVar

from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from events.api import Unavailable
from kit.exceptions import TimeLimitExceeded
from kit.rest.description.openapi import described
from kit.rest.query import Query
from kit.rest.view import ApiView
from nova.finds.finds import MAX_TERM, Finds, find
from nova.finds.kinds import found_with
from nova.rest.auth import scopes_of


class FindsQuery(Query, frozen=True, kw_only=True):
    """What to find."""

    term: Annotated[
        str,
        Meta(
            pattern=r"^[^\x00]*$",
            min_length=1,
            max_length=MAX_TERM,
            description="An id in full: of an event, correlation, causation, user, aggregate (also `type/id`), saga or "
            "dead letter; a position; or `topic@partition:offset`",
        ),
    ]


class FindsView(ApiView):
    """What an id names."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @described(
        operation_id="find",
        summary="Find whatever an id names: events, streams, users, sagas, dead letters, messages",
        query=FindsQuery,
        answer=Finds,
    )
    def get(self, request: Request) -> Response:
        """What was found, by kind, as far as the token's scopes let it be seen; `hidden` names the rest."""
        query = FindsQuery.of(request)
        try:
            return Response(find(query.term, sees=found_with(scopes_of(request))))
        except TimeLimitExceeded as error:
            raise Unavailable(f"try again: {error}") from error
