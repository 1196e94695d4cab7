"""Passes of a relay over a connection of its own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from outbox.recorder import SHARDS
from outbox.relay.relay import PassResult, relay_connection, relay_pass
from outbox.relay.topic_policies import TopicPolicies
from tests.support.relay_passes import LATER


@pytest.fixture
def own() -> Iterator[BaseDatabaseWrapper]:
    with relay_connection() as made:
        yield made


@pytest.fixture
def relay(own: BaseDatabaseWrapper) -> Callable[..., PassResult]:
    def run(bus: Any, policies: TopicPolicies = LATER, limit: int = 1000) -> PassResult:
        return relay_pass(own, bus, shards=range(SHARDS), limit=limit, policies=policies)

    return run
