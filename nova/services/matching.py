"""Matching: a page of rows that match, found from the side on which fewer rows have to be looked at.

An index of words or of trigrams finds the few rows that match, and then all of them are sorted. Of the many that a
common word has, sorting all would take long; walking in the order of the page finds enough of them soon. Which is the
case is tried out and not left to the planner: it is asked by prepared statements, and does not know the words then.
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

MAX_WALKED = 2_000
"""Rows that are walked before the index is asked: a few milliseconds."""
MAX_MATCHES = 5_000
"""Most matches that are sorted: with ranks some 20 milliseconds. Of more, at least each twentieth row of a hundred
thousand is one, so that walking on finds a page of them soon, unless all are at the end."""


class Found(Struct, frozen=True):
    """Rows of a page, and whether they are what was asked for."""

    rows: Sequence[tuple[Any, ...]]
    is_good: bool
    """Of a walk: it has found enough for the page. Of the index: no more match than are sorted."""


def few_or_many(*, walk: Callable[[int | None], Found], index: Callable[[int], Found]) -> Sequence[tuple[Any, ...]]:
    """The rows of a page: walked to if they come soon, else all sorted if they are not too many, else walked to.

    `walk` is given how many rows it may look at, None for all; `index` how many matches it may sort.
    """
    found = walk(MAX_WALKED)
    if not found.is_good:
        found = index(MAX_MATCHES)
    if not found.is_good:
        found = walk(None)
    return found.rows
