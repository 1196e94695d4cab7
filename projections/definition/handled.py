"""Handled read model: tables that handlers of a consumer group keep, declared so that the log can be folded beside.

The handlers stay as they are and are told of events by messages. Here stands which of them belong together, and to
which tables. What they do to anybody else, by `have_effect` or after the commit, does not take place while they fold.
"""

from collections.abc import Callable, Iterable, Sequence

from django.db.models import Model
from msgspec import Struct

from events.envelope import RecordedEvent
from outbox.api import ConsumerGroup, Handler, ReceivedEvent, as_received, group_named, handle_again
from projections.exceptions import CannotVerify


class HandledReadModel(Struct, frozen=True, kw_only=True, eq=False):
    """Such a read model."""

    name: str
    """1 to 100 characters, and no projection's."""
    group: str
    """The consumer group's name."""
    handlers: tuple[str, ...]
    """The names of those of its handlers that write to the tables."""
    models: tuple[type[Model], ...]
    """The tables that these handlers alone write to."""
    beside: tuple[str, ...] = ()
    """Columns that say something else than events do, such as whether Redis has been told; they are not compared."""
    row_of: Callable[[ReceivedEvent], str | None] | None = None
    """The key of the one row of its first table that an event changes, as text: what samples are verified by."""
    on_refilled: Callable[[Sequence[str]], None] | None = None
    """What else is to happen once a refill is committed that has exchanged rows of these keys of its first table."""

    def keepers(self) -> tuple[ConsumerGroup, tuple[Handler, ...]]:
        """The group and the handlers. Raises `UnknownGroup`, and `CannotVerify` for a handler that it does not have or
        that has its effect outside the database.
        """
        group = group_named(self.group)
        known = {handler.name: handler for handler in group.handlers if not handler.outside}
        if missing := [name for name in self.handlers if name not in known]:
            raise CannotVerify(f"{self.group} has no handler {missing[0]!r} that keeps tables")
        return group, tuple(known[name] for name in self.handlers)

    @property
    def event_types(self) -> frozenset[str] | None:
        """The types that its handlers want; None for all."""
        _, handlers = self.keepers()
        if any(handler.wants_all for handler in handlers):
            return None
        return frozenset(name for handler in handlers for name in handler.named_types)

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        """Change the tables as events of the log say, without any effect on others."""
        self.handle([as_received(event) for event in events])

    def handle(self, events: Iterable[ReceivedEvent]) -> None:
        """Change the tables as events say, without any effect on others; inside the caller's transaction."""
        group, _ = self.keepers()
        handle_again(group, self.handlers, list(events))

    def key_of(self, event: ReceivedEvent) -> str | None:
        """The key of the row of its first table that the event changes. Raises `CannotVerify` where nobody says so."""
        if self.row_of is None:
            raise CannotVerify(f"{self.name} does not say which row an event changes: verify all of it")
        return self.row_of(event)
