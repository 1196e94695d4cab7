"""Whose doing is what happens now? Values that fill the blanks of events appended inside a request or a handler."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from msgspec import Struct, field, structs


class EventContext(Struct, frozen=True, kw_only=True):
    """What events appended in this context have in common."""

    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    user_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    """Joins every event's metadata; `traceparent` for instance."""
    clock: int = 0
    """The Lamport clock of what is being reacted to; the events' own are greater. See `events.clock`."""


_EMPTY = EventContext()
_current: ContextVar[EventContext] = ContextVar("event_context", default=_EMPTY)


def current_context() -> EventContext:
    """The innermost surrounding context, or an empty one."""
    return _current.get()


@contextmanager
def event_context(**values: Any) -> Iterator[EventContext]:
    """Set fields of `EventContext` for the events appended inside; those that are not named are kept."""
    token = _current.set(structs.replace(_current.get(), **values))
    try:
        yield _current.get()
    finally:
        _current.reset(token)
