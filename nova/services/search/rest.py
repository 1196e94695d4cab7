"""Search over HTTP."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from kit.json.schema import one_of
from kit.rest.answer_headers import preference_applied_header
from kit.rest.openapi import described
from kit.rest.preferences import PREFER
from nova.services.search.models import SearchDocument
from nova.services.search.queries import MAX_QUERY, SearchHit, search
from projections.rest.parameters import Limited
from projections.rest.read_models import ReadModelView

READ = {"GET": "read-models:read"}


class SearchQuery(Limited, frozen=True, kw_only=True):
    """What to look for."""

    q: Annotated[
        str,
        Meta(
            description='Words, "a phrase", alternatives with `or`, and -exclusions',
            extra_json_schema={"pattern": r"[^\s\x00-\x1f]", "maxLength": MAX_QUERY},
        ),
    ]
    kind: Annotated[
        Annotated[str, one_of(SearchDocument.Kind.values)] | None,
        Meta(description="`post` or `user`; both by default"),
    ] = None


class Hits(Struct, frozen=True, kw_only=True):
    """The best hits of a search; there are no further pages."""

    items: list[SearchHit]
    next: None = None


class SearchView(ReadModelView):
    """Search."""

    read_model = "search-documents"
    required_scopes: ClassVar = READ

    @described(
        operation_id="search",
        summary="Find posts and users by their words",
        query=SearchQuery,
        headers=(PREFER,),
        answer=Hits,
        answer_headers=(preference_applied_header(200),),
    )
    def get(self, request: Request) -> Response:
        """The best hits."""
        query = SearchQuery.of(request)
        hits = self.answer(
            request, lambda source: search(query.q, kind=query.kind, limit=query.limit, using=source.alias)
        )
        return Response(Hits(items=hits))
