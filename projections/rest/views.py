"""How are read models and projections queried over HTTP?"""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projections.exceptions import UnknownProjection
from projections.lag import ProjectionStatus, projection_statuses
from projections.paging import Page
from projections.read_models.analytics_queries import DailyCount, daily_counts, totals
from projections.read_models.feed_queries import PostView, feed, get_post
from projections.read_models.search_queries import SearchHit, search
from projections.read_models.users_queries import UserView, get_user, list_users
from projections.rest.parameters import AFTER, LIMIT, day_of, in_query, limit_of, only
from projections.rest.schemas import schema_of

READ = {"GET": "read-models:read"}
OK = (200, "application/json")


class Hits(Struct, frozen=True, kw_only=True):
    """The best hits of a search; there are no further pages."""

    items: list[SearchHit]
    next: None = None


class Counts(Struct, frozen=True, kw_only=True):
    """Counts by day, and the totals of all days by type."""

    items: list[DailyCount]
    next: str | None
    totals: dict[str, int]


class Statuses(Struct, frozen=True, kw_only=True):
    """All projections."""

    items: list[ProjectionStatus]
    next: None = None


class UsersView(APIView):
    """The users."""

    required_scopes: ClassVar = READ

    @extend_schema(
        operation_id="list_users",
        summary="List or search users",
        parameters=[
            in_query("search", str, "Part of a user name, display name or e-mail, in any case"),
            in_query("status", str, "`active` by default, `inactive` for deactivated ones, or `any` of the two"),
            AFTER,
            LIMIT,
        ],
        responses={OK: schema_of(Page[UserView])},
    )
    def get(self, request: Request) -> Response:
        """A page of the users that are not deleted, by id."""
        query = request.query_params
        only(query, "search", "status", "after", "limit")
        users = list_users(
            search=query.get("search", ""),
            status=query.get("status", "active"),
            after=query.get("after"),
            limit=limit_of(query),
        )
        return Response(users)


class OneUserView(APIView):
    """One user."""

    required_scopes: ClassVar = READ

    @extend_schema(operation_id="get_user", summary="Get one user", responses={OK: schema_of(UserView)})
    def get(self, request: Request, user_id: str) -> Response:
        """The user of that id, deleted ones included."""
        only(request.query_params)
        return Response(get_user(user_id))


class FeedView(APIView):
    """A user's feed."""

    required_scopes: ClassVar = READ

    @extend_schema(
        operation_id="get_feed",
        summary="Read a user's feed",
        parameters=[AFTER, LIMIT],
        responses={OK: schema_of(Page[PostView])},
    )
    def get(self, request: Request, user_id: str) -> Response:
        """A page of the posts of those whom the user follows, newest first; empty for a user that nobody knows."""
        query = request.query_params
        only(query, "after", "limit")
        return Response(feed(user_id, before=query.get("after"), limit=limit_of(query)))


class PostDetailView(APIView):
    """One post."""

    required_scopes: ClassVar = READ

    @extend_schema(operation_id="get_post", summary="Get one post", responses={OK: schema_of(PostView)})
    def get(self, request: Request, post_id: str) -> Response:
        """The post of that id, if it can be seen."""
        only(request.query_params)
        return Response(get_post(post_id))


class SearchView(APIView):
    """Search."""

    required_scopes: ClassVar = READ

    @extend_schema(
        operation_id="search",
        summary="Find posts and users by their words",
        parameters=[
            in_query("q", str, 'Words, "a phrase", alternatives with `or`, and -exclusions', required=True),
            in_query("kind", str, "`post` or `user`; both by default"),
            LIMIT,
        ],
        responses={OK: schema_of(Hits)},
    )
    def get(self, request: Request) -> Response:
        """The best hits."""
        query = request.query_params
        only(query, "q", "kind", "limit")
        return Response(Hits(items=search(query.get("q", ""), kind=query.get("kind"), limit=limit_of(query))))


class EventCountsView(APIView):
    """Analytics."""

    required_scopes: ClassVar = READ

    @extend_schema(
        operation_id="count_events",
        summary="Count events by day and type",
        parameters=[
            in_query("from", str, "First day (UTC), like 2025-01-31"),
            in_query("to", str, "Last day (UTC)"),
            AFTER,
            LIMIT,
        ],
        responses={OK: schema_of(Counts)},
    )
    def get(self, request: Request) -> Response:
        """A page of counts by day and type, and the totals of all days."""
        query = request.query_params
        only(query, "from", "to", "after", "limit")
        page = daily_counts(
            first=day_of(query, "from"), last=day_of(query, "to"), after=query.get("after"), limit=limit_of(query)
        )
        return Response(Counts(items=page.items, next=page.next, totals=totals()))


class ProjectionsView(APIView):
    """The projections."""

    required_scopes: ClassVar = READ

    @extend_schema(
        operation_id="list_projections",
        summary="See how far the projections are",
        responses={OK: schema_of(Statuses)},
    )
    def get(self, request: Request) -> Response:
        """All projections with status, checkpoint and lag, as the tables say."""
        only(request.query_params)
        return Response(Statuses(items=projection_statuses()))


class OneProjectionView(APIView):
    """One projection."""

    required_scopes: ClassVar = READ

    @extend_schema(
        operation_id="get_projection",
        summary="See how far a projection is",
        responses={OK: schema_of(ProjectionStatus)},
    )
    def get(self, request: Request, name: str) -> Response:
        """Status, checkpoint and lag."""
        only(request.query_params)
        for status in projection_statuses():
            if status.name == name:
                return Response(status)
        raise UnknownProjection(name)
