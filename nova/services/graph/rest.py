"""The follow graph over HTTP."""

from typing import Annotated, ClassVar

from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from kit.json.schema import one_of
from kit.rest.description.openapi import described
from kit.rest.preferences import PREFER
from nova.services.graph.queries import (
    ORDERS,
    FollowView,
    GraphCounts,
    MutualFollow,
    Suggestion,
    followers,
    following,
    graph_counts,
    mutual_follows,
    suggestions,
)
from projections.api import Page
from projections.rest.parameters import Paged
from projections.rest.read_models import SEEN_POSITION, ReadModelView

READ = {"GET": "read-models:read"}


class FollowsQuery(Paged, frozen=True, kw_only=True):
    """Which follows, and in what order."""

    order: Annotated[str, one_of(ORDERS), Meta(description="`newest` first by default, or `oldest`")] = "newest"


class CountsView(ReadModelView):
    """How many follow a user."""

    read_model = "follow-graph"
    required_scopes: ClassVar = READ

    @described(
        operation_id="count_follows",
        summary="Count a user's followers and followed",
        answer=GraphCounts,
        headers=(PREFER,),
        answer_headers=SEEN_POSITION,
    )
    def get(self, request: Request, user_id: str) -> Response:
        """How many follow the user, and how many the user follows; none for one that nobody knows or who is deleted."""
        return Response(self.answer(request, lambda source: graph_counts(user_id, using=source.alias)))


class FollowersView(ReadModelView):
    """Who follows a user."""

    read_model = "follow-graph"
    required_scopes: ClassVar = READ

    @described(
        operation_id="list_followers",
        summary="List a user's followers",
        query=FollowsQuery,
        answer=Page[FollowView],
        headers=(PREFER,),
        answer_headers=SEEN_POSITION,
    )
    def get(self, request: Request, user_id: str) -> Response:
        """A page of who follows the user; empty for one that nobody knows."""
        query = FollowsQuery.of(request)
        page = self.answer(
            request,
            lambda source: followers(
                user_id, order=query.order, after=query.after, limit=query.limit, using=source.alias
            ),
        )
        return Response(page)


class FollowingView(ReadModelView):
    """Whom a user follows."""

    read_model = "follow-graph"
    required_scopes: ClassVar = READ

    @described(
        operation_id="list_following",
        summary="List whom a user follows",
        query=FollowsQuery,
        answer=Page[FollowView],
        headers=(PREFER,),
        answer_headers=SEEN_POSITION,
    )
    def get(self, request: Request, user_id: str) -> Response:
        """A page of whom the user follows; empty for one that nobody knows."""
        query = FollowsQuery.of(request)
        page = self.answer(
            request,
            lambda source: following(
                user_id, order=query.order, after=query.after, limit=query.limit, using=source.alias
            ),
        )
        return Response(page)


class MutualFollowsView(ReadModelView):
    """Who follows a user and is followed."""

    read_model = "follow-graph"
    required_scopes: ClassVar = READ

    @described(
        operation_id="list_mutual_follows",
        summary="List those who follow a user and whom the user follows",
        query=Paged,
        answer=Page[MutualFollow],
        headers=(PREFER,),
        answer_headers=SEEN_POSITION,
    )
    def get(self, request: Request, user_id: str) -> Response:
        """A page of those with whom the user follows each other, by id."""
        query = Paged.of(request)
        page = self.answer(
            request,
            lambda source: mutual_follows(user_id, after=query.after, limit=query.limit, using=source.alias),
        )
        return Response(page)


class SuggestionsView(ReadModelView):
    """Whom a user may want to follow."""

    read_model = "follow-graph"
    required_scopes: ClassVar = READ

    @described(
        operation_id="suggest_follows",
        summary="Suggest whom a user may want to follow",
        query=Paged,
        answer=Page[Suggestion],
        headers=(PREFER,),
        answer_headers=SEEN_POSITION,
    )
    def get(self, request: Request, user_id: str) -> Response:
        """A page of people whom those follow whom the user follows; whom most of them follow first."""
        query = Paged.of(request)
        page = self.answer(
            request,
            lambda source: suggestions(user_id, after=query.after, limit=query.limit, using=source.alias),
        )
        return Response(page)
