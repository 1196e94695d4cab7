"""Freshness of answers: a request for a query says how old the answer may be, and is answered by a replica within that.

`Cache-Control` (RFC 9111, section 5.2.1) says so: `max-age=2` for at most two seconds, `no-cache` for what is true now.
Whoever waits for something (`Prefer: wait`, RFC 7240) is about to look for what has just come, and is answered by the
primary, where it was waited for.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace
from rest_framework.request import Request

from kit.query_cache.cache import cached
from kit.replicas.conf import PRIMARY
from kit.replicas.reads import Source, from_replica

_DIRECTIVE = re.compile(r'\b(?:(no-cache|no-store)|max-age="?([0-9]{1,9})\b)', re.IGNORECASE)
_WAIT = re.compile(r"(?:^|[,;])\s*wait\b", re.IGNORECASE)
AnswerT = TypeVar("AnswerT")


class Cached(Struct, frozen=True, kw_only=True):
    """How answers of a query are kept; see `kit.query_cache.cache.cached`."""

    name: str
    key: object
    tags: tuple[str, ...]
    kind: Any

    def beside(self, kind: Any) -> "Cached":
        """The same, for answers that are pairs of a value of that type and what they were."""
        return replace(self, kind=tuple[kind, self.kind])  # type: ignore[name-defined]  # types as values


def read(request: Request, query: Callable[[Source], AnswerT], *, position: int = 0) -> AnswerT:
    """What the query answers, from a replica that is as fresh as the request asks for; see `from_replica`."""
    return from_replica(query, max_staleness=_max_age(request.headers), position=position)


def read_cached(request: Request, query: Callable[[Source], AnswerT], how: Cached) -> AnswerT:
    """What the query answers, from the query cache if the request does not say how old the answer may be."""
    if _max_age(request.headers) is not None:
        return read(request, query)
    asked: list[Source] = []

    def ask(source: Source) -> AnswerT:
        asked.append(source)
        return query(source)

    return cached(
        lambda: read(request, ask),
        name=how.name,
        key=how.key,
        tags=how.tags,
        kind=how.kind,
        # What a replica lacks may be the very change after which it was asked.
        is_current=lambda: asked[-1].alias == PRIMARY,
    )


def _max_age(headers: Mapping[str, str]) -> float | None:
    """Seconds that the answer may be behind; 0 for the primary's, None where the client does not say."""
    if _WAIT.search(headers.get("Prefer", "")):
        return 0.0
    found = _DIRECTIVE.findall(headers.get("Cache-Control", ""))
    return min((0.0 if immediate else float(seconds) for immediate, seconds in found), default=None)
