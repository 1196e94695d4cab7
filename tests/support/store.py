"""Append hooks: besides writing the log, an append does nothing or writes outbox rows, as a test asks."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from events.api import append_only, set_on_append
from events.store.hooks import OnAppend, on_append, on_append_is_set
from outbox.api import record


@contextmanager
def appending(hook: OnAppend) -> Iterator[None]:
    """Within it, this hook is connected."""
    before = on_append() if on_append_is_set() else None
    set_on_append(hook)
    try:
        yield
    finally:
        set_on_append(before)


@pytest.fixture
def recording(committed_db: None) -> Iterator[None]:
    """Appends write outbox rows, and really commit."""
    with appending(record):
        yield


@pytest.fixture(autouse=True)
def store_without_outbox() -> Iterator[None]:
    """Appends go to the log only, wherever this fixture is imported."""
    with appending(append_only):
        yield
