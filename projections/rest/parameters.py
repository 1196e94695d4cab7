"""Query parameters that several views of read models take."""

from typing import Annotated

from msgspec import Meta

from kit.rest.query import Query
from projections.paging import MAX_PAGE

PAGE = 50


class Limited(Query, frozen=True, kw_only=True):
    """How long a page may be."""

    limit: Annotated[
        int,
        Meta(ge=1, le=MAX_PAGE, description=f"Most items of the page, from 1 to {MAX_PAGE}; {PAGE} by default"),
    ] = PAGE


class Paged(Limited, frozen=True, kw_only=True):
    """Which page."""

    after: Annotated[
        Annotated[str, Meta(extra_json_schema={"format": "cursor"})] | None,
        Meta(description="`next` of the page before; the first page without it"),
    ] = None
