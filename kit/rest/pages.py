"""Page parameters: how long a page of a list may be, and which one is asked for."""

from typing import Annotated

from msgspec import Meta

from kit.arguments import MAX_BIGINT
from kit.rest.query import Query

PAGE = 50
MAX_PAGE = 500


class Limited(Query, frozen=True, kw_only=True):
    """How long a page may be."""

    limit: Annotated[
        int,
        Meta(ge=1, le=MAX_PAGE, description=f"Most items of the page, from 1 to {MAX_PAGE}; {PAGE} by default"),
    ] = PAGE


class Paged(Limited, frozen=True, kw_only=True):
    """Which page of what is listed by number, newest first."""

    after: Annotated[
        Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,17}$")] | None,
        Meta(description="`next` of the page before; the first page without it"),
    ] = None

    @property
    def below(self) -> int:
        """The number that all of the page are below."""
        return MAX_BIGINT if self.after is None else int(self.after)
