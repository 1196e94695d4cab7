"""Callers of the API, with and without rights, and an operator; each test begins with an empty Redis."""

import pytest

from nova.health import readiness
from outbox.consumers.control import states as group_states
from tests.support.callers import caller, caller_with, nothing_is_remembered

__all__ = ["caller", "caller_with", "nothing_is_remembered"]


@pytest.fixture(autouse=True)
def no_waiting_for_absent_parts(monkeypatch):
    """Nothing is asked of brokers and processes that are not there."""
    monkeypatch.setattr(readiness, "_PROBES", ())
    monkeypatch.setattr(group_states, "lag_of", lambda _: [])


@pytest.fixture
def operator(admin_client):
    """A logged-in superuser."""
    return admin_client
