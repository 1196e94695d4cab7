"""Kafka producer: it comes back from what breaks it for good."""

from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError

from nova.local.servers.mock_broker import MockCluster
from outbox.bus.base import Failure, OutgoingMessage
from outbox.bus.kafka.bus import KafkaBus
from tests.support.outbox import eventually

INIT_PRODUCER_ID = 22  # the protocol's number of the request


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with MockCluster() as cluster:
        cluster.create_topic("events", partitions=1)
        yield cluster


def test_a_right_that_is_given_later_is_noticed_without_a_restart(cluster: MockCluster) -> None:
    messages = [OutgoingMessage(topic="events", key=b"k%d" % number, body=b"{}") for number in range(3)]
    bus = KafkaBus(cluster.bootstrap_servers)
    cluster.push_request_errors(INIT_PRODUCER_ID, [KafkaError.CLUSTER_AUTHORIZATION_FAILED] * 2)
    bus.warm_up([])

    def attempt() -> list[Failure | None]:
        return [failure.failure if failure else None for failure in bus.publish_batch(messages)]

    # An outage, which burns no attempts: it is nothing that the messages could help.
    refused = eventually(lambda: (found := attempt())[0] and found)
    assert refused == [Failure.OUTAGE] * 3

    eventually(lambda: attempt() == [None] * 3)
    bus.close()
