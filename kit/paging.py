"""Page: some items in order, and where the next ones begin."""

from typing import Generic, TypeVar

from msgspec import Struct

ItemT = TypeVar("ItemT")


class Page(Struct, Generic[ItemT], frozen=True, kw_only=True):
    """Some items in order, and where the next ones begin."""

    items: list[ItemT]
    next: str | None
    """Hand it in to get the next page; `None` on the last one."""
