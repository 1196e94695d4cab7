"""Queries of search: the posts and users that have these words, and the messages of one conversation that do.

Where a word is rare, all that have it are sorted. Where it is common, nothing looks at all of them: the newest are
found from document to document, and the best are the best of those; see `matching`.
"""

import re
from datetime import datetime
from typing import Annotated, Any

from django.db import connections
from msgspec import Meta, Struct

from kit.exceptions import InvalidParameter
from kit.json.schema import one_of
from nova.services.field_types import Timestamp
from nova.services.matching import Found, few_or_many
from nova.services.search.models import SearchDocument
from nova.services.search.sql.statements import statement
from nova.services.text_folding import fold
from nova.services.timestamps import utc
from projections.api import Page, check_limit, check_text, from_cursor, page_of

MAX_QUERY = 500
# Exclusions of exclusions: PostgreSQL takes 32 of them, one within the other.
MAX_DASHES = 16
TOO_MANY_DASHES = re.compile(rf"(?:-[^\w-]*){{{MAX_DASHES + 1},}}")
ORDERS = ("best", "newest")
MAX_RANKED = 200
"""Of those that have common words, so many newest are ranked."""


class SearchHit(Struct, frozen=True, kw_only=True):
    """A document that was found."""

    kind: Annotated[str, one_of(SearchDocument.Kind.values)]
    id: str
    text: str
    """The caption of a post, the names of a user."""
    rank: float
    """How well it fits; only good for comparing hits of one search. 0 where the newest are asked for."""
    at: datetime
    """When a post was written, or a user last named."""


class MessageHit(Struct, frozen=True, kw_only=True):
    """A message that was found."""

    message_id: str
    sender_id: str
    text: str
    created_at: datetime


class HitKey(Struct, frozen=True, array_like=True):
    """Where a page of hits begins."""

    rank: Annotated[float, Meta(ge=0, le=1_000_000)]
    at: Timestamp
    id: str
    kind: str


class MessageKey(Struct, frozen=True, array_like=True):
    """Where a page of messages begins."""

    created_at: Timestamp
    message_id: str


def search(
    q: str,
    *,
    kind: str | None = None,
    order: str = "best",
    after: str | None = None,
    limit: int = 50,
    using: str = "default",
) -> Page[SearchHit]:
    """A page of hits for words, a "phrase in quotes", alternatives with `or`, and -exclusions.

    The `best` first, or the `newest`. Of words that very many documents have, the best are the best of the newest 200.
    Raises `InvalidParameter`.
    """
    check_limit(limit)
    terms = _terms(q)
    if kind is not None and kind not in SearchDocument.Kind.values:
        raise InvalidParameter("kind", "must be one of " + ", ".join(SearchDocument.Kind.values))
    if order not in ORDERS:
        raise InvalidParameter("order", "must be one of " + ", ".join(ORDERS))
    key = from_cursor(after, HitKey, parameter="after") if after is not None else None
    if key is not None:
        check_text(key.id + key.kind, parameter="after")
    kinds = [kind] if kind else SearchDocument.Kind.values
    hits = [hit for one in kinds for hit in _hits(terms, one, order, key, limit + 1, using)]
    hits.sort(key=lambda hit: (hit.rank, hit.at, hit.id, hit.kind), reverse=True)
    return page_of(hits, limit=limit, key=lambda hit: HitKey(hit.rank, hit.at, hit.id, hit.kind))


def _hits(terms: str, kind: str, order: str, after: HitKey | None, count: int, using: str) -> list[SearchHit]:
    """The next hits of a kind."""
    is_best = order == "best"
    page = {"terms": terms, "kind": kind, "by_rank": is_best, "max_count": count}
    page |= _named(after, after_score="rank", after_at="at", after_id="id", after_kind="kind")
    # Of common words the same newest ones are ranked for every page; where the newest are wanted, those after the last.
    max_newest = MAX_RANKED if is_best else count
    walk = {
        "max_newest": max_newest,
        **_named(None if is_best else after, walk_at="at", walk_id="id", walk_kind="kind"),
    }

    def newest(max_walked: int | None) -> Found:
        number, rows = _counted("newest", using, page | walk | {"max_walked": max_walked})
        return Found(rows, is_good=number >= max_newest)

    def matching(max_matches: int) -> Found:
        number, rows = _counted("matching", using, page | {"max_matches": max_matches})
        return Found(rows, is_good=number <= max_matches)

    rows = few_or_many(walk=newest, index=matching)
    return [SearchHit(kind=kind_, id=id_, text=text, rank=rank, at=at) for kind_, id_, text, rank, at in rows]


def search_messages(
    q: str, *, conversation_id: str, after: str | None = None, limit: int = 50, using: str = "default"
) -> Page[MessageHit]:
    """A page of the conversation's messages that have the words, newest first; see `search`.

    None of a conversation that is encrypted, whose search is off, or that nobody knows. Raises `InvalidParameter`.
    """
    check_limit(limit)
    check_text(conversation_id, parameter="conversation_id")
    terms = _terms(q)
    key = from_cursor(after, MessageKey, parameter="after") if after is not None else None
    if key is not None:
        check_text(key.message_id, parameter="after")
    page = {
        "terms": terms,
        "conversation_id": conversation_id,
        "max_count": limit + 1,
        **_named(key, created_at="created_at", message_id="message_id"),
    }

    def newest(max_walked: int | None) -> Found:
        rows = _rows("newest_messages", using, page | {"max_walked": max_walked})
        return Found(rows, is_good=len(rows) > limit)

    def matching(max_matches: int) -> Found:
        number, rows = _counted("matching_messages", using, page | {"max_matches": max_matches})
        return Found(rows, is_good=number <= max_matches)

    rows = few_or_many(walk=newest, index=matching)
    hits = [MessageHit(message_id=id_, sender_id=sender, text=text, created_at=at) for id_, sender, text, at in rows]
    return page_of(hits, limit=limit, key=lambda hit: MessageKey(hit.created_at, hit.message_id))


def _terms(q: str) -> str:
    check_text(q, parameter="q")
    if not q.strip():
        raise InvalidParameter("q", "must say what to look for")
    if len(q) > MAX_QUERY:
        raise InvalidParameter("q", f"must be at most {MAX_QUERY} characters")
    terms = fold(q)
    if TOO_MANY_DASHES.search(terms):
        raise InvalidParameter("q", f"must have at most {MAX_DASHES} dashes in a row")
    return terms


def _named(key: Struct | None, **names: str) -> dict[str, Any]:
    """The fields of a key as parameters of these names; nulls without one."""
    values = {name: getattr(key, field, None) for name, field in names.items()}
    return {name: utc(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _counted(name: str, using: str, parameters: dict[str, Any]) -> tuple[int, list[tuple[Any, ...]]]:
    """The number that each row begins with, and what follows it, without the row of nulls."""
    rows = _rows(name, using, parameters)
    return rows[0][0], [row[1:] for row in rows if row[1] is not None]


def _rows(name: str, using: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(statement(name), parameters)
        return list(cursor.fetchall())
