"""Query of search: the posts and users that have these words."""

import re
from typing import Annotated

from django.db import connections
from msgspec import Struct

from kit.exceptions import InvalidParameter
from kit.json.schema import one_of
from nova.services.search.models import SearchDocument
from nova.services.search.sql.statements import statement
from nova.services.text_folding import fold
from projections.api import check_limit, check_text

MAX_QUERY = 500
# Exclusions of exclusions: PostgreSQL takes 32 of them, one within the other.
MAX_DASHES = 16
TOO_MANY_DASHES = re.compile(rf"(?:-[^\w-]*){{{MAX_DASHES + 1},}}")


class SearchHit(Struct, frozen=True, kw_only=True):
    """A document that was found."""

    kind: Annotated[str, one_of(SearchDocument.Kind.values)]
    id: str
    text: str
    """The caption of a post, the names of a user."""
    rank: float
    """How well it fits; only good for comparing hits of one search."""


def search(q: str, *, kind: str | None = None, limit: int = 50, using: str = "default") -> list[SearchHit]:
    """The best hits for words, a "phrase in quotes", alternatives with `or`, and -exclusions.

    Raises `InvalidParameter`.
    """
    check_limit(limit)
    check_text(q, parameter="q")
    if not q.strip():
        raise InvalidParameter("q", "must say what to look for")
    if len(q) > MAX_QUERY:
        raise InvalidParameter("q", f"must be at most {MAX_QUERY} characters")
    terms = fold(q)
    if TOO_MANY_DASHES.search(terms):
        raise InvalidParameter("q", f"must have at most {MAX_DASHES} dashes in a row")
    if kind is not None and kind not in SearchDocument.Kind.values:
        raise InvalidParameter("kind", "must be one of " + ", ".join(SearchDocument.Kind.values))
    with connections[using].cursor() as cursor:
        cursor.execute(statement("search"), {"terms": terms, "kind": kind, "max_count": limit})
        rows = cursor.fetchall()
    return [SearchHit(kind=kind_, id=document_id, text=text, rank=rank) for kind_, document_id, text, rank in rows]
