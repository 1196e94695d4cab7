"""REST resources of the search service."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from nova.services.search.queries import SearchHit, search
from projections.rest.parameters import LIMIT, in_query, limit_of, only
from projections.rest.schemas import schema_of

READ = {"GET": "read-models:read"}
OK = (200, "application/json")


class Hits(Struct, frozen=True, kw_only=True):
    """The best hits of a search; there are no further pages."""

    items: list[SearchHit]
    next: None = None


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
