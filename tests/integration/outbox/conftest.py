"""Fixtures of outbox tests: a store that records outbox rows, and topics that are theirs alone."""

from collections.abc import Iterator
from typing import Any

import pytest

from outbox.api import KafkaBus
from tests.support.outbox import unique
from tests.support.store import recording
from tests.support.topics import empty_common_topics

__all__ = ["kafka", "prefix", "recording", "topic"]


@pytest.fixture
def prefix(settings: Any) -> str:
    """What the names of this test's topics begin with."""
    settings.KAFKA_TOPIC_PREFIX = unique("test")
    return str(settings.KAFKA_TOPIC_PREFIX)


@pytest.fixture
def topic(prefix: str) -> str:
    """Where notes go in this test."""
    return f"{prefix}.note.events"


@pytest.fixture
def kafka(kafka_brokers: str, settings: Any) -> Iterator[KafkaBus]:
    """Apache Kafka, as the relay uses it, with nothing of earlier tests on the topics that all of them share."""
    settings.KAFKA_BROKERS = kafka_brokers
    empty_common_topics(kafka_brokers)
    bus = KafkaBus(kafka_brokers)
    yield bus
    bus.close()
