"""Partition queues: nothing more is read while enough waits for a thread."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from kit.retry import RetryPolicy
from outbox.bus.base import IncomingMessage
from outbox.consumers.connection_budget import ConnectionBudget
from outbox.consumers.partition_queues import PartitionQueues

BATCH = 10


class Gate:
    """An effect that waits until it is let through."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Semaphore(0), threading.Semaphore(0)

    def take(self, messages: Sequence[IncomingMessage]) -> None:
        self.reached.release()
        assert self.opened.acquire(timeout=30)

    def dead_letter(self, message: IncomingMessage, error: Exception, *, attempts: int) -> None:
        raise AssertionError


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def queues(gate: Gate) -> Iterator[PartitionQueues]:
    queues = PartitionQueues(gate, RetryPolicy(limit=0, base=0.1), threads=1, budget=ConnectionBudget(2), batch=BATCH)
    yield queues
    gate.opened.release(100)
    queues.close()
    queues.release(queues.partitions(), within=30)


def messages(partition: int, number: int) -> list[IncomingMessage]:
    return [
        IncomingMessage(topic="t", partition=partition, offset=n, key=b"", body=b"{}", headers=(), timestamp=None)
        for n in range(number)
    ]


def waits_long(queues: PartitionQueues) -> threading.Thread:
    thread = threading.Thread(target=queues.await_need, args=(30,), daemon=True)
    thread.start()
    thread.join(0.2)
    return thread


def test_nothing_more_is_read_while_queues_wait_for_a_thread(queues: PartitionQueues, gate: Gate) -> None:
    queues.feed(messages(0, BATCH))
    assert gate.reached.acquire(timeout=30)
    queues.feed(messages(1, 3 * BATCH))

    waiting = waits_long(queues)
    assert waiting.is_alive()

    gate.opened.release()
    assert gate.reached.acquire(timeout=30)
    gate.opened.release()
    waiting.join(30)
    assert not waiting.is_alive()


def test_a_queue_that_is_slow_does_not_keep_others_waiting_for_more(queues: PartitionQueues, gate: Gate) -> None:
    queues.feed(messages(0, 10 * BATCH))
    assert gate.reached.acquire(timeout=30)

    waiting = waits_long(queues)

    assert not waiting.is_alive()
