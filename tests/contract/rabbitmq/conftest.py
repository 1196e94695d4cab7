"""A bus on a real RabbitMQ, for what it does beyond the contract of every bus."""

from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Connection

from nova.local.servers.embedded import Embedded
from outbox.bus.base import TopicSpec
from outbox.bus.rabbitmq.bus import RabbitBus
from outbox.bus.rabbitmq.wire import RabbitAddress
from tests.support.outbox import unique
from tests.support.rabbitmq import forget_patterns, where_quorum_is_the_default


@pytest.fixture
def bus(rabbitmq: Embedded) -> Iterator[RabbitBus]:
    forget_patterns(rabbitmq.address)
    made = RabbitBus(RabbitAddress(url=rabbitmq.address))
    yield made
    made.close()


@pytest.fixture
def topic(bus: RabbitBus) -> str:
    name = unique("contract")
    assert bus.ensure_topics([TopicSpec(name=name, partitions=3)]) == {}
    return name


@pytest.fixture
def outsider(rabbitmq: Embedded) -> Iterator[Any]:
    """A channel of a client that knows nothing of Nova."""
    connection = Connection(rabbitmq.address)
    yield connection.channel()
    # Without a farewell: a test may have killed the broker.
    connection.collect(socket_timeout=1)


@pytest.fixture
def quorum_address(rabbitmq: Embedded) -> str:
    """A virtual host where a queue that says nothing of its type is a quorum queue."""
    return where_quorum_is_the_default(rabbitmq.address)


@pytest.fixture
def quorum_outsider(quorum_address: str) -> Iterator[Any]:
    with Connection(quorum_address) as connection:
        yield connection.channel()
