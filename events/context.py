"""Event context: values that fill the blanks of events appended inside a request or a handler."""

from contextlib import AbstractContextManager
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


def event_context(**values: Any) -> AbstractContextManager[EventContext]:
    """Set fields of `EventContext` for the events appended inside; those that are not named are kept."""
    return _Inside(values)


class _Inside:
    """A context manager without a generator, for a consumer enters one for each message."""

    __slots__ = ("_token", "_values")

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __enter__(self) -> EventContext:
        context = structs.replace(_current.get(), **self._values)
        self._token = _current.set(context)
        return context

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)
