"""Feeds and posts over HTTP."""

from typing import ClassVar

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response

from kit.json.pointer import explain
from kit.rest.bodies import ReasonBody
from kit.rest.description.openapi import Variant, described
from kit.rest.view import ApiView
from nova.services.feed.content_calls.switch import ACTIONS, ContentCallState, content_call_state, decide
from nova.services.feed.exceptions import PostNotFound
from nova.services.feed.queries import FeedPage, PostView, feed, get_post
from projections.api import InvalidRequest
from projections.rest.parameters import Paged

READ = {"GET": "read-models:read"}
REASON = msgspec.json.schema_components([ReasonBody])[1][ReasonBody.__name__]


class ContentCallView(ApiView):
    """Direct calls."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="get_direct_call",
        summary="See whether feeds are read from the content side",
        answer=ContentCallState,
    )
    def get(self, request: Request) -> Response:
        """What holds now, and who has decided it."""
        return Response(content_call_state())


class ContentCallVerbView(ApiView):
    """What an operator decides about direct calls."""

    required_scopes: ClassVar = {"POST": "operate"}

    @described(
        operation_id="decide_direct_call",
        summary="Decide whether feeds are read from the content side",
        body=ReasonBody,
        answer=ContentCallState,
        errors=(InvalidRequest,),
        variants=tuple(
            Variant(path={"verb": verb}, summary=action.explanation, body=REASON) for verb, action in ACTIONS.items()
        ),
    )
    def post(self, request: Request, verb: str) -> Response:
        """Decide it; every process notices within a second, without a restart."""
        try:
            body = msgspec.convert(request.data, ReasonBody)
        except msgspec.ValidationError as error:
            reason, pointer = explain(error)
            raise InvalidRequest(reason, pointer=pointer) from error
        return Response(decide(verb, actor=str(request.user), reason=body.reason))


class FeedView(ApiView):
    """A user's feed."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="get_feed",
        summary="Read a user's feed",
        query=Paged,
        answer=FeedPage,
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
