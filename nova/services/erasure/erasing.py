"""Erasure: a service removes what it has of a user page by page, and answers when nothing is left.

Each page is a transaction of its own, however much there is: where a page is full, the service asks itself to go on, by
the event by which it was asked. A request that comes again finds less or nothing, and is answered all the same.
"""

from collections.abc import Callable
from uuid import uuid5

from msgspec import structs

from events.api import Expected, NewEvent, StreamId, append_events
from nova.services.erasure.events import Erased, ErasureRequest
from outbox.api import ReceivedEvent, have_effect

PAGE = 200
"""Most that one transaction removes."""
RemovePage = Callable[[ReceivedEvent, str, int], int]
"""Removes at most so much of what the service has of the user; how much there was. The event is why."""


def erase_page(event: ReceivedEvent, *, remove: RemovePage, erased: type[Erased], stream: str) -> None:
    """Remove a page of what the request is about; then answer, or ask for the next page.

    Either is appended to the deletion's stream of the aggregate type `stream`, which the service owns.
    """
    asked = event.payload
    if not isinstance(asked, ErasureRequest):
        return
    number = remove(event, asked.user_id, PAGE)
    removed = asked.removed + number
    next_event: ErasureRequest | Erased
    if number < PAGE:
        next_event = erased(deletion_id=asked.deletion_id, user_id=asked.user_id, removed=removed)
    else:
        next_event = structs.replace(asked, removed=removed)
    # Asked for the same again, it may have removed more: that is another answer, not the same one changed.
    new = NewEvent(payload=next_event, event_id=uuid5(event.event_id, f"answer {removed}"))
    have_effect(lambda: append_events(StreamId(stream, asked.deletion_id), Expected.ANY, [new]))
