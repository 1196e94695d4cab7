"""Append hook: what else happens in the transaction that appends; the composition says so."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from events.envelope import RecordedEvent
from events.exceptions import HookNotSet
from events.sql.statements import statement
from events.store.prepared import PreparedEvent


class InlineFollower(Struct, frozen=True, kw_only=True):
    """Who acts on events of some types in the transaction that appends them, when they are written."""

    event_types: frozenset[str]
    act: Callable[[list[RecordedEvent]], None]
    """Given those events of an append, in the order of the log. Raises `AppendRefused` to have nothing appended."""

    def followed(self, prepared: Sequence[Sequence[PreparedEvent]]) -> list[UUID]:
        """The ids of the events that it acts on."""
        of_write = (event.envelope for events in prepared for event in events)
        return [envelope.event_id for envelope in of_write if envelope.event_type in self.event_types]


class OnAppend(Struct, frozen=True, kw_only=True):
    """What is written in the very statement that appends, and what is done once it is committed.

    An append is one statement, and so one round trip: the store's part of it ends with the rows `event`, and the hook's
    part goes on from there. See `events/sql/append_one.sql` and `append_many.sql`, and docs/adr/0001.
    """

    one: str
    """Goes on after `append_one.sql`. It may use its parameters, and those that `values` gives."""
    many: str
    """Goes on after `append_many.sql`. `%(more)s` holds what `values` gives, as one JSON array with `ord` beside."""
    values: Callable[[PreparedEvent], Mapping[str, Any]]
    """What the hook's part has to know of each event. Raises `InvalidEvent`, with a pointer into the write, for one it
    cannot take. It may write in an open transaction, and may be asked again."""
    committed: Callable[[], None] | None = None
    """Called after the commit; it must not fail."""
    follower: InlineFollower | None = None
    """What it follows is appended in a transaction, even where none is open; all else costs it nothing."""


def _nothing(_: PreparedEvent) -> Mapping[str, Any]:
    return {}


append_only = OnAppend(one=statement("append_no_more"), many=statement("append_no_more"), values=_nothing)
"""The hook that publishes nothing: for a store without an outbox, and for tests."""


_hook: OnAppend | None = None


def set_on_append(hook: OnAppend | None) -> None:
    """Connect the hook; the composition does so once at start."""
    global _hook  # noqa: PLW0603 - the one place where the composition meets the store
    _hook = hook


def on_append() -> OnAppend:
    """The connected hook. Raises `HookNotSet` when there is none: publishing nothing must be somebody's decision."""
    if _hook is None:
        raise HookNotSet("call events.api.set_on_append before the first append; nova.wiring does")
    return _hook


def on_append_is_set() -> bool:
    """Whether a hook is connected."""
    return _hook is not None
