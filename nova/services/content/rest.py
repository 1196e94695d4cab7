"""Posts and comments over HTTP, as the content service has them."""

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from kit.arguments import is_storable
from kit.json.pointer import explain
from kit.json.schema import one_of
from kit.rest.description.openapi import described
from kit.rest.preferences import PREFER
from kit.rest.query import Query, Text
from kit.rest.replicas import read
from kit.rest.view import ApiView
from nova.services.content.exceptions import PostNotKnown
from nova.services.content.newest import newest_posts
from nova.services.content.pending_media import PendingUpload, pending_media
from nova.services.content.queries import (
    LISTED,
    ORDERS,
    ContentPost,
    PostComment,
    get_post,
    list_comments,
    list_posts,
)
from nova.services.field_types import Id, Timestamp
from projections.api import MAX_PAGE, InvalidRequest, Page
from projections.rest.parameters import Paged
from projections.rest.read_models import SEEN_POSITION, ReadModelView

READ = {"GET": "read-models:read"}
MAX_AUTHORS = 10_000


class PostsQuery(Paged, frozen=True, kw_only=True):
    """Which posts."""

    author_id: Annotated[Text | None, Meta(description="Who has written them; everybody without it")] = None
    status: Annotated[
        str, one_of(LISTED), Meta(description="`published` by default, or `draft`, or `archived`; deleted ones never")
    ] = "published"
    order: Annotated[str, one_of(ORDERS), Meta(description="`newest` first by default, or `most_liked`")] = "newest"


class CommentsQuery(Paged, frozen=True, kw_only=True):
    """Comments of which post."""

    post_id: Annotated[Text, Meta(description="The post")]


class PendingMediaQuery(Query, frozen=True, kw_only=True):
    """Pending media of whom."""

    user_id: Annotated[Text, Meta(description="Who has uploaded them")]


class PendingMedia(Struct, frozen=True, kw_only=True):
    """What the next post of a user takes."""

    items: list[PendingUpload]


class NewestPlace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A post's place among the newest."""

    created_at: Timestamp
    post_id: Id


class NewestPostsBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose posts, and from where on."""

    author_ids: Annotated[list[Id], Meta(max_length=MAX_AUTHORS)]
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE + 1)] = MAX_PAGE
    before: NewestPlace | None = None
    """Older posts than this one; the newest without it."""


class NewestPosts(Struct, frozen=True, kw_only=True):
    """Posts, newest first."""

    items: list[ContentPost]


class PostsView(ReadModelView):
    """The posts."""

    read_model = "posts"
    required_scopes: ClassVar = READ

    @described(
        operation_id="list_posts",
        summary="List posts",
        query=PostsQuery,
        answer=Page[ContentPost],
        headers=(PREFER,),
        answer_headers=SEEN_POSITION,
    )
    def get(self, request: Request) -> Response:
        """A page of posts, newest or most liked first."""
        query = PostsQuery.of(request)
        page = self.answer(
            request,
            lambda source: list_posts(
                author_id=query.author_id,
                status=query.status,
                order=query.order,
                after=query.after,
                limit=query.limit,
                using=source.alias,
            ),
        )
        return Response(page)


class OnePostView(ReadModelView):
    """One post."""

    read_model = "posts"
    required_scopes: ClassVar = READ

    @described(
        operation_id="get_content_post",
        summary="Get one post, whatever its status",
        answer=ContentPost,
        errors=(PostNotKnown,),
        headers=(PREFER,),
        answer_headers=SEEN_POSITION,
    )
    def get(self, request: Request, post_id: str) -> Response:
        """The post of that id, deleted ones included, with how often it was liked and shared."""
        return Response(self.answer(request, lambda source: get_post(post_id, using=source.alias)))


class CommentsView(ReadModelView):
    """Comments."""

    read_model = "posts"
    required_scopes: ClassVar = READ

    @described(
        operation_id="list_comments",
        summary="List the comments of a post",
        query=CommentsQuery,
        answer=Page[PostComment],
        headers=(PREFER,),
        answer_headers=SEEN_POSITION,
    )
    def get(self, request: Request) -> Response:
        """A page of the comments of a post, oldest first; empty for a post that nobody knows."""
        query = CommentsQuery.of(request)
        page = self.answer(
            request,
            lambda source: list_comments(
                post_id=query.post_id, after=query.after, limit=query.limit, using=source.alias
            ),
        )
        return Response(page)


class PendingMediaView(ApiView):
    """Pending media."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="list_pending_media",
        summary="List what the next post of a user takes",
        query=PendingMediaQuery,
        answer=PendingMedia,
    )
    def get(self, request: Request) -> Response:
        """Uploaded files of the last hour that no post of the user has taken, in the order of their coming."""
        return Response(PendingMedia(items=pending_media(PendingMediaQuery.of(request).user_id)))


class NewestPostsView(ApiView):
    """The newest posts of several authors."""

    required_scopes: ClassVar = {"POST": "read-models:read"}

    @described(
        operation_id="read_newest_posts",
        summary="Read the newest posts of several authors",
        body=NewestPostsBody,
        answer=NewestPosts,
        errors=(InvalidRequest,),
    )
    def post(self, request: Request) -> Response:
        """Published posts of these authors, newest first. It reads only: the authors are too many for an address."""
        asked = _newest_posts_body(request.data)
        before = None if asked.before is None else (asked.before.created_at, asked.before.post_id)
        items = read(
            request,
            lambda source: newest_posts(asked.author_ids, before=before, limit=asked.limit, using=source.alias),
        )
        return Response(NewestPosts(items=items))


def _newest_posts_body(data: Any) -> NewestPostsBody:
    try:
        body = msgspec.convert(data, NewestPostsBody)
    except msgspec.ValidationError as error:
        reason, pointer = explain(error)
        raise InvalidRequest(reason, pointer=pointer) from error
    texts = {f"/author_ids/{number}": author_id for number, author_id in enumerate(body.author_ids)}
    if body.before is not None:
        texts["/before/post_id"] = body.before.post_id
    for pointer, text in texts.items():
        if not is_storable(text):
            raise InvalidRequest("must be Unicode without NUL", pointer=pointer)
    return body
