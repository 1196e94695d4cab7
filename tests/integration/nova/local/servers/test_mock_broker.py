"""Mock broker: it takes part like a broker, and fails when it is told to."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer

from nova.local.processes.ports import free_port
from nova.local.processes.supervisor import Supervisor
from nova.local.servers.mock_broker import MockCluster
from nova.local.servers.mock_server import MockServer

TIMEOUT = 30.0
PRODUCE = 0  # the protocol's number of the request


class Reports:
    """Keeps the delivery reports."""

    def __init__(self) -> None:
        self.errors: list[KafkaError | None] = []

    def __call__(self, error: KafkaError | None, _message: Message) -> None:
        self.errors.append(error)


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with MockCluster() as cluster:
        cluster.create_topic("events", partitions=3)
        yield cluster


def producer(brokers: str, **settings: str | int) -> Producer:
    return Producer({"bootstrap.servers": brokers, "log_level": 0, **settings})


def first_message(brokers: str, topic: str) -> bytes | None:
    settings: dict[str, str | int | float | bool] = {
        "bootstrap.servers": brokers,
        "group.id": "test",
        "auto.offset.reset": "earliest",
    }
    consumer = Consumer(settings)
    try:
        consumer.subscribe([topic])
        message = consumer.poll(TIMEOUT)
        return message.value() if message else None
    finally:
        consumer.close()


def test_what_is_produced_is_consumed(cluster: MockCluster):
    client = producer(cluster.bootstrap_servers)
    client.produce("events", b"hello")
    assert client.flush(TIMEOUT) == 0

    assert first_message(cluster.bootstrap_servers, "events") == b"hello"


def test_a_topic_has_the_partitions_it_was_created_with(cluster: MockCluster):
    metadata = producer(cluster.bootstrap_servers).list_topics("events", timeout=TIMEOUT)

    assert len(metadata.topics["events"].partitions) == 3


def test_pushed_errors_fail_as_many_requests_and_no_more(cluster: MockCluster):
    cluster.push_request_errors(PRODUCE, [KafkaError.MSG_SIZE_TOO_LARGE])
    reports = Reports()
    client = producer(cluster.bootstrap_servers)
    for _ in range(2):
        client.produce("events", b"hello", partition=0, on_delivery=reports)
        assert client.flush(TIMEOUT) == 0

    refused, accepted = reports.errors
    assert refused is not None
    assert refused.code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert accepted is None


def test_a_broker_that_is_down_accepts_nothing_until_it_is_up(cluster: MockCluster):
    reports = Reports()
    client = producer(cluster.bootstrap_servers, **{"message.timeout.ms": 500})
    cluster.set_broker_down(1)
    client.produce("events", b"lost", on_delivery=reports)
    client.flush(TIMEOUT)
    cluster.set_broker_up(1)

    [lost] = reports.errors
    assert lost is not None
    assert lost.code() == KafkaError._MSG_TIMED_OUT
    again = producer(cluster.bootstrap_servers)
    again.produce("events", b"kept")
    assert again.flush(TIMEOUT) == 0


def test_a_slow_broker_delays_each_answer(cluster: MockCluster):
    client = producer(cluster.bootstrap_servers)
    client.list_topics(timeout=TIMEOUT)
    cluster.set_rtt(1, milliseconds=300)

    began = time.monotonic()
    client.list_topics(timeout=TIMEOUT)

    assert time.monotonic() - began >= 0.3


def test_as_a_process_it_keeps_its_address_over_a_restart(tmp_path: Path):
    server = MockServer(log=tmp_path / "mock.log", port=free_port())
    with Supervisor() as supervisor:
        supervisor.start(server.process())
        for _ in range(2):
            supervisor.await_ready(timeout=TIMEOUT, again=True)
            client = producer(server.address)
            client.produce("events", b"hello")
            assert client.flush(TIMEOUT) == 0
            assert first_message(server.address, "events") == b"hello"
            supervisor.kill(server.name)
