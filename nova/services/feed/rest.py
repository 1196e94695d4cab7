"""Feeds and posts over HTTP."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from kit.rest.openapi import described
from kit.rest.view import ApiView
from nova.services.feed.exceptions import PostNotFound
from nova.services.feed.queries import PostView, feed, get_post
from projections.api import Page
from projections.rest.parameters import Paged

READ = {"GET": "read-models:read"}


class FeedView(ApiView):
    """A user's feed."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="get_feed",
        summary="Read a user's feed",
        query=Paged,
        answer=Page[PostView],
    )
    def get(self, request: Request, user_id: str) -> Response:
        """A page of the posts of those whom the user follows, newest first; empty for a user that nobody knows.

        It names no position and waits for none (`Prefer: wait`): what it shows comes after the commit of its tables.
        """
        query = Paged.of(request)
        return Response(feed(user_id, before=query.after, limit=query.limit))


class PostDetailView(ApiView):
    """One post."""

    required_scopes: ClassVar = READ

    @described(operation_id="get_post", summary="Get one post", answer=PostView, errors=(PostNotFound,))
    def get(self, request: Request, post_id: str) -> Response:
        """The post of that id, if it can be seen; it names no position and waits for none, as feeds."""
        return Response(get_post(post_id))
