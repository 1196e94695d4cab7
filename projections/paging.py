"""Paging of read models: a page, and the checks of what asks for one."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from kit.paging import Page
from projections.arguments import arguments
from projections.cursors import to_cursor

MAX_PAGE = 200
ItemT = TypeVar("ItemT")


def page_of(found: Sequence[ItemT], *, limit: int, key: Callable[[ItemT], Any]) -> Page[ItemT]:
    """A page out of up to `limit + 1` items, the last of which only tells that there is a next page."""
    items = list(found[:limit])
    return Page(items=items, next=to_cursor(key(items[-1])) if len(found) > limit else None)


def check_limit(limit: int) -> None:
    """Raise `InvalidArgument` unless a page may be so long."""
    arguments.limit(limit, most=MAX_PAGE)


def check_text(text: str, *, parameter: str) -> None:
    """Raise `InvalidArgument` for a text that PostgreSQL cannot take."""
    arguments.text(parameter, text)
