"""Search over HTTP.

Messages have an address and a scope of their own: `read-models:read` opens what everybody may find, and texts of a
conversation are for its participants. Who they are, the caller knows, which is trusted with `messages:search` and names
the one conversation that is looked through; no address looks through all of them.
"""

from typing import Annotated, ClassVar

from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from kit.json.schema import one_of
from kit.rest.description.answer_headers import preference_applied_header
from kit.rest.description.openapi import described
from kit.rest.preferences import PREFER
from kit.rest.query import Text
from nova.services.columns import ID_LENGTH
from nova.services.search.models import SearchDocument
from nova.services.search.queries import MAX_QUERY, ORDERS, MessageHit, SearchHit, search, search_messages
from projections.api import Page
from projections.rest.parameters import Paged
from projections.rest.read_models import ReadModelView

READ = {"GET": "read-models:read"}
SEARCH_MESSAGES = {"GET": "messages:search"}


class WordsQuery(Paged, frozen=True, kw_only=True):
    """What to look for."""

    q: Annotated[
        str,
        Meta(
            description='Words, "a phrase", alternatives with `or`, and -exclusions',
            extra_json_schema={"pattern": r"[^\s\x00-\x1f]", "maxLength": MAX_QUERY},
        ),
    ]


class SearchQuery(WordsQuery, frozen=True, kw_only=True):
    """What to look for among posts and users."""

    kind: Annotated[
        Annotated[str, one_of(SearchDocument.Kind.values)] | None,
        Meta(description="`post` or `user`; both by default"),
    ] = None
    order: Annotated[
        str,
        one_of(ORDERS),
        Meta(description="`best` first by default: of words that very many have, the best of the newest; or `newest`"),
    ] = "best"


class MessagesQuery(WordsQuery, frozen=True, kw_only=True):
    """What to look for, and in which conversation."""

    conversation_id: Annotated[Text, Meta(min_length=1, max_length=ID_LENGTH, description="The conversation's id")]


class SearchView(ReadModelView):
    """Search."""

    read_model = "search-documents"
    required_scopes: ClassVar = READ

    @described(
        operation_id="search",
        summary="Find posts and users by their words",
        query=SearchQuery,
        headers=(PREFER,),
        answer=Page[SearchHit],
        answer_headers=(preference_applied_header(200),),
    )
    def get(self, request: Request) -> Response:
        """A page of hits, the best first or the newest."""
        query = SearchQuery.of(request)
        page = self.answer(
            request,
            lambda source: search(
                query.q,
                kind=query.kind,
                order=query.order,
                after=query.after,
                limit=query.limit,
                using=source.alias,
            ),
        )
        return Response(page)


class SearchMessagesView(ReadModelView):
    """Search within a conversation."""

    read_model = "search-messages"
    required_scopes: ClassVar = SEARCH_MESSAGES

    @described(
        operation_id="search_messages",
        summary="Find messages of a conversation by their words",
        query=MessagesQuery,
        headers=(PREFER,),
        answer=Page[MessageHit],
        answer_headers=(preference_applied_header(200),),
    )
    def get(self, request: Request) -> Response:
        """A page of the conversation's messages, newest first; empty where it is encrypted or its search is off."""
        query = MessagesQuery.of(request)
        page = self.answer(
            request,
            lambda source: search_messages(
                query.q,
                conversation_id=query.conversation_id,
                after=query.after,
                limit=query.limit,
                using=source.alias,
            ),
        )
        return Response(page)
