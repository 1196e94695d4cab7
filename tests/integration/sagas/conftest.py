"""The trip of the tests, known to the engine."""

from collections.abc import Iterator

import pytest

from outbox.api import ConsumerGroup, Handler
from sagas.definition.registry import sagas
from sagas.engine.engine import advance
from tests.support.trips import TRIP


@pytest.fixture
def trips() -> Iterator[ConsumerGroup]:
    """A consumer group that moves trips on."""
    sagas.register(TRIP)
    try:
        handler = Handler(name="trip", event_types="*", handle_batch=lambda events: advance(TRIP, events))
        yield ConsumerGroup(name="travel", topics=("tests",), handlers=(handler,))
    finally:
        sagas.forget(TRIP)
