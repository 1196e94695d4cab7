"""Following: the heads of the events that come behind a position, in the order of the log, none of them missed."""

from msgspec import Struct

from events.arguments import arguments
from events.envelope import EventHead
from events.sql.statements import statement
from events.store.connection import live_cursor
from events.store.positions import readable_position


class HeadPage(Struct, frozen=True, kw_only=True):
    """A page of heads."""

    events: list[EventHead]
    position: int
    """Behind which to go on."""
    is_full: bool
    """Whether there may be more already."""


def read_heads(after: int, limit: int) -> HeadPage:
    """The next heads behind a position, as far as the log can be read."""
    arguments.number("after", after)
    arguments.limit(limit)
    # In this order: the safe position first, and what it allows in a later statement.
    safe = readable_position()
    with live_cursor() as cursor:
        rows = cursor.execute(statement("heads_after"), {"after": after, "safe": safe, "limit": limit}).fetchall()
    events = [EventHead(**dict(zip(EventHead.__struct_fields__, row, strict=True))) for row in rows]
    is_full = len(events) == limit
    return HeadPage(events=events, position=events[-1].position if is_full else max(after, safe), is_full=is_full)
