"""Dead letters to operate on, and a handler that fails as long as it is told to."""

from collections.abc import Callable

from outbox.api import ConsumerGroup, Handler, IncomingMessage, ReceivedEvent
from outbox.dead_letters.store import store_dead_letter
from outbox.models import DeadLetter


class Fussy:
    """A handler that can be made to fail."""

    def __init__(self) -> None:
        self.fails: Callable[[ReceivedEvent], bool] = lambda _: True
        self.handled: list[ReceivedEvent] = []

    def handle(self, event: ReceivedEvent) -> None:
        """Handle an event, or fail."""
        if self.fails(event):
            raise ValueError(f"not today: {event.offset}")
        self.handled.append(event)

    def content(self) -> None:
        """Fail no more."""
        self.fails = lambda _: False

    @property
    def offsets(self) -> list[int]:
        """Of what was handled, in order."""
        return [event.offset for event in self.handled]


def fussy_group(fussy: Fussy) -> ConsumerGroup:
    """A group of that handler."""
    return ConsumerGroup(name="fussy", topics=["t"], handlers=[Handler(name="h", event_types="*", handle=fussy.handle)])


def message(
    offset: int, *, key: bytes | None = b"k", body: bytes = b'{"n": 1}', event_type: str = "x.happened"
) -> IncomingMessage:
    """A message as it might come."""
    return IncomingMessage(
        topic="t",
        partition=0,
        offset=offset,
        key=key,
        body=body,
        headers=(("event_type", event_type.encode()),),
        timestamp=1_700_000_000_000 + offset,
    )


def dead_lettered(
    group: ConsumerGroup, *offsets: int, key: bytes | None = b"k", error: Exception | None = None
) -> list[int]:
    """Dead letters at these offsets; their numbers."""
    for offset in offsets:
        store_dead_letter(group, message(offset, key=key), error or ValueError("no"), attempts=3)
    return list(DeadLetter.objects.order_by("-id").values_list("id", flat=True)[: len(offsets)])[::-1]
