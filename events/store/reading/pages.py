"""Page of events: as many as were asked for, or fewer large ones."""

from collections.abc import Callable

from msgspec import Struct

from events.envelope import RecordedEvent
from events.store.reading.page_byte_limit import PAGE_BYTES, first_page, json_bytes
from events.store.reading.rows import Row, recorded_events

STRETCH = 250
"""Rows that are read at a time where a page may have few bytes."""


class EventPage(Struct, frozen=True, kw_only=True):
    """A page of events, of as many as were asked for or of fewer large ones."""

    events: list[RecordedEvent]
    more: bool
    """Whether there may be more after it."""


def page_of(
    read: Callable[[int, Row | None], list[Row]], limit: int, max_bytes: int, *, untyped: bool = False
) -> EventPage:
    """A page of what `read` gives: so many rows after the last one.

    A page of few bytes is read in stretches: of large events, not all that were asked for come from the database.
    """
    stretch = limit if max_bytes >= PAGE_BYTES else STRETCH
    rows = read(min(limit, stretch), None)
    while len(rows) < limit and len(rows) % stretch == 0 and rows and json_bytes(rows) <= max_bytes:
        following = read(min(limit - len(rows), stretch), rows[-1])
        rows += following
        if not following:
            break
    kept = first_page(rows, max_bytes)
    return EventPage(events=recorded_events(kept, untyped=untyped), more=len(rows) == limit or len(kept) < len(rows))
