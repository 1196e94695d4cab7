"""REST resources of the feed service."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from nova.services.feed.queries import PostView, feed, get_post
from projections.api import Page
from projections.rest.parameters import AFTER, LIMIT, limit_of, only
from projections.rest.schemas import schema_of

READ = {"GET": "read-models:read"}
OK = (200, "application/json")


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
