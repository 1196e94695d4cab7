"""What else must happen in the transaction that appends? The composition says so with one typed hook."""

from collections.abc import Sequence
from typing import Any, Protocol

from events.exceptions import HookNotSet
from events.sql.statements import statement
from events.store.prepared import PreparedEvent


class OnAppend(Protocol):
    """Runs the append on the live cursor, in one statement with all that must share its transaction.

    `batch` is the document of `append_events.sql`, `events` are the same events one by one. Returns (position, version)
    of each event in order, or nothing when the store refused.
    """

    def __call__(self, cursor: Any, *, batch: bytes, events: Sequence[PreparedEvent]) -> list[tuple[int, int]]:
        """Append."""
        ...


def append_only(cursor: Any, *, batch: bytes, events: Sequence[PreparedEvent]) -> list[tuple[int, int]]:  # noqa: ARG001
    """The hook that publishes nothing: for a store without an outbox, and for tests."""
    rows: list[tuple[int, int]] = cursor.execute(statement("append"), {"batch": batch.decode()}).fetchall()
    return rows


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
