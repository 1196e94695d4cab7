"""What does a request ask for? Parameters that are wrong, or that nobody knows, are named."""

import re
from collections.abc import Mapping
from datetime import date

from drf_spectacular.utils import OpenApiParameter

from projections.exceptions import InvalidParameter
from projections.paging import MAX_PAGE

PAGE = 50


def only(query: Mapping[str, str], *known: str) -> None:
    """Raise `InvalidParameter` for a parameter that the address does not know: it would be lost without a word."""
    for name in query:
        if name not in known:
            raise InvalidParameter(name, "is not known here; known are " + ", ".join(known or ("none",)))


def limit_of(query: Mapping[str, str]) -> int:
    """How many items a page shall have; 50 unless told otherwise."""
    text = query.get("limit", str(PAGE))
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise InvalidParameter("limit", "must be a whole number")
    return int(text)


def day_of(query: Mapping[str, str], name: str) -> date | None:
    """A day, `2025-01-31`."""
    text = query.get(name)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidParameter(name, "must be a day, like 2025-01-31") from None
    return day


def in_query(name: str, kind: type, description: str, *, required: bool = False) -> OpenApiParameter:
    """A parameter's description in OpenAPI."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description, required=required)


LIMIT = in_query("limit", int, f"Most items of the page, from 1 to {MAX_PAGE}; {PAGE} by default")
AFTER = in_query("after", str, "`next` of the page before; the first page without it")
