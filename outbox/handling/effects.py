"""Effect: what a handler does to anybody but its own tables, gated while events are handled once more.

A verification folds events beside the tables, and a replay gives them to a handler again; neither is to tell Redis,
append or lock anything. A handler does such things by `have_effect`, or registers them for after the commit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from django.db import connection

from outbox.exceptions import EffectsGated

ResultT = TypeVar("ResultT")
_is_gated: ContextVar[bool] = ContextVar("effects_are_gated", default=False)


def have_effect(act: Callable[[], ResultT]) -> ResultT | None:
    """Do something beside the handler's own tables, now; nothing, and None, while effects are gated."""
    return None if _is_gated.get() else act()


def forbid_while_gated() -> None:
    """Raise `EffectsGated` while effects are gated; for what must not happen unnoticed then."""
    if _is_gated.get():
        raise EffectsGated


@contextmanager
def gated() -> Iterator[None]:
    """Within it nothing by `have_effect` takes place, and what is registered for after the commit is forgotten."""
    before = len(connection.run_on_commit)
    token = _is_gated.set(True)
    try:
        yield
    finally:
        _is_gated.reset(token)
        del connection.run_on_commit[before:]
