"""A log to project from: appends publish nothing here, the outbox has its own tests."""

from tests.support.store import store_without_outbox

__all__ = ["store_without_outbox"]
