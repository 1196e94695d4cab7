"""A log to project from: appends publish nothing here, the outbox has its own tests."""

from collections.abc import Iterator

import pytest

from events.api import append_only, set_on_append
from events.store.hooks import on_append, on_append_is_set


@pytest.fixture(autouse=True)
def store_without_outbox() -> Iterator[None]:
    """Appends go to the log only."""
    before = on_append() if on_append_is_set() else None
    set_on_append(append_only)
    yield
    set_on_append(before)
