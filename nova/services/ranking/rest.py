"""The ranking over HTTP."""

from typing import Annotated, ClassVar

from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from kit.rest.description.openapi import described
from kit.rest.preferences import PREFER
from kit.rest.query import Text
from nova.services.ranking.queries import HotPost, hot_posts
from projections.api import Page
from projections.rest.parameters import Paged
from projections.rest.read_models import SEEN_POSITION, ReadModelView

READ = {"GET": "read-models:read"}


class HotQuery(Paged, frozen=True, kw_only=True):
    """Which posts."""

    author_id: Annotated[Text | None, Meta(description="Of this author only")] = None


class HotPostsView(ReadModelView):
    """The hottest posts."""

    read_model = "ranking"
    required_scopes: ClassVar = READ

    @described(
        operation_id="list_hot_posts",
        summary="List the hottest posts",
        query=HotQuery,
        answer=Page[HotPost],
        headers=(PREFER,),
        answer_headers=SEEN_POSITION,
    )
    def get(self, request: Request) -> Response:
        """A page of published posts, by likes, comments and shares, which fade with the post's age."""
        query = HotQuery.of(request)
        page = self.answer(
            request,
            lambda source: hot_posts(
                author_id=query.author_id, after=query.after, limit=query.limit, using=source.alias
            ),
        )
        return Response(page)
