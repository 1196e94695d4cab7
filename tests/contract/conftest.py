"""Each bus on a real broker, and the one in memory."""

from collections.abc import Iterator
from typing import Any

import pytest

from nova.local.processes.ports import free_port
from outbox.bus.base import Bus, TopicSpec
from outbox.bus.kafka import bus as kafka
from outbox.bus.kafka.bus import KafkaBus
from outbox.bus.memory.bus import MemoryBus
from outbox.bus.rabbitmq.bus import RabbitBus
from outbox.bus.rabbitmq.wire import RabbitAddress
from tests.support.outbox import unique


def bus_at(kind: str, request: Any) -> Bus:
    match kind:
        case "kafka":
            return KafkaBus(request.getfixturevalue("kafka_brokers"))
        case "rabbitmq":
            return RabbitBus(RabbitAddress(url=request.getfixturevalue("rabbitmq").address))
        case _:
            return MemoryBus()


@pytest.fixture(params=["memory", "kafka", "rabbitmq"])
def bus(request: Any) -> Iterator[Bus]:
    made = bus_at(request.param, request)
    yield made
    made.close()


@pytest.fixture(params=["kafka", "rabbitmq"])
def unreachable(request: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    """A bus whose broker is away."""
    monkeypatch.setattr(kafka, "TOPIC_DEADLINE", 0.5)
    place = f"127.0.0.1:{free_port()}"
    made: Bus = (
        KafkaBus(place, deadline=1.0) if request.param == "kafka" else RabbitBus(RabbitAddress(url=f"amqp://{place}//"))
    )
    yield made
    made.close()


@pytest.fixture
def topic(bus: Bus) -> str:
    name = unique("contract")
    assert bus.ensure_topics([TopicSpec(name=name, partitions=3)]) == {}
    return name
