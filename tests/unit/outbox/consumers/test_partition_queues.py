"""Partition queues: nothing more is read while enough waits, and what is quick is taken together."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from kit.pacing.retry import RetryPolicy
from outbox.bus.base import IncomingMessage
from outbox.consumers.connection_budget import ConnectionBudget
from outbox.consumers.partition_queues import PartitionQueues
from tests.support.outbox import eventually

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


class Notes:
    """An effect that is told what to fail on, and notes what it took at once."""

    def __init__(self) -> None:
        self.taken: list[list[tuple[str, int, int]]] = []
        self.tried: list[int] = []
        self.guilty: set[int] = set()
        """Partitions whose messages fail."""
        self.gate = threading.Event()
        self.gate.set()
        self.done = threading.Condition()

    def take(self, messages: Sequence[IncomingMessage]) -> None:
        assert self.gate.wait(30)
        self.tried.append(len(messages))
        if any(message.partition in self.guilty for message in messages):
            raise LookupError("guilty")
        with self.done:
            self.taken.append([(message.topic, message.partition, message.offset) for message in messages])
            self.done.notify_all()

    def dead_letter(self, message: IncomingMessage, error: Exception, *, attempts: int) -> None:
        with self.done:
            self.taken.append([(message.topic, message.partition, -1 - message.offset)])
            self.done.notify_all()

    def await_number(self, number: int) -> None:
        with self.done:
            assert self.done.wait_for(lambda: sum(map(len, self.taken)) >= number, 30)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def noting(notes: Notes) -> Iterator[PartitionQueues]:
    queues = PartitionQueues(
        notes,
        RetryPolicy(limit=0, base=0.1),
        threads=1,
        budget=ConnectionBudget(2),
        batch=BATCH,
        is_alone=lambda topic: topic == "alone",
    )
    yield queues
    queues.close()
    queues.release(queues.partitions(), within=30)


def of(topic: str, partition: int, *offsets: int) -> list[IncomingMessage]:
    return [
        IncomingMessage(topic=topic, partition=partition, offset=n, key=b"", body=b"{}", headers=(), timestamp=None)
        for n in offsets
    ]


def known_as_quick(queues: PartitionQueues, notes: Notes, *partitions: tuple[str, int]) -> None:
    """Each has had a step of its own, so that the next one may be one with others."""
    for number, (topic, partition) in enumerate(partitions, 1):
        queues.feed(of(topic, partition, 0))
        notes.await_number(number)
    notes.taken.clear()
    notes.tried.clear()


def test_partitions_that_are_known_as_quick_are_taken_together(noting: PartitionQueues, notes: Notes) -> None:
    known_as_quick(noting, notes, ("t", 0), ("t", 1), ("u", 0))

    noting.feed([*of("t", 0, 1, 2), *of("t", 1, 1), *of("u", 0, 1)])
    notes.await_number(4)

    assert notes.taken == [[("t", 0, 1), ("t", 0, 2), ("t", 1, 1), ("u", 0, 1)]]
    progress = noting.release(noting.partitions(), within=30)
    assert progress == {("t", 0): 3, ("t", 1): 2, ("u", 0): 2}


def test_a_partition_of_which_nothing_is_known_is_taken_alone(noting: PartitionQueues, notes: Notes) -> None:
    noting.feed([*of("t", 0, 0), *of("t", 1, 0)])
    notes.await_number(2)

    assert notes.taken == [[("t", 0, 0)], [("t", 1, 0)]]


def test_no_more_than_a_batch_is_taken_together(noting: PartitionQueues, notes: Notes) -> None:
    known_as_quick(noting, notes, ("t", 0), ("t", 1), ("t", 2))

    noting.feed([*of("t", 0, *range(1, 7)), *of("t", 1, *range(1, 7)), *of("t", 2, 1)])
    notes.await_number(13)

    assert [len(batch) for batch in notes.taken] == [7, 6]


def test_topics_that_are_to_be_alone_are(noting: PartitionQueues, notes: Notes) -> None:
    known_as_quick(noting, notes, ("t", 0), ("alone", 0), ("alone", 1))

    noting.feed([*of("alone", 0, 1), *of("t", 0, 1), *of("alone", 1, 1)])
    notes.await_number(3)

    assert sorted(notes.taken) == [[("alone", 0, 1)], [("alone", 1, 1)], [("t", 0, 1)]]


def test_what_fails_together_is_tried_by_each_and_only_the_guilty_one_suffers(
    noting: PartitionQueues, notes: Notes
) -> None:
    known_as_quick(noting, notes, ("t", 0), ("t", 1), ("t", 2))
    notes.guilty = {1}

    noting.feed([*of("t", 0, 1, 2), *of("t", 1, 1), *of("t", 2, 1)])
    notes.await_number(4)

    assert notes.tried == [4, 2, 1, 1]
    assert notes.taken == [[("t", 0, 1), ("t", 0, 2)], [("t", 1, -2)], [("t", 2, 1)]]
    assert noting.release(noting.partitions(), within=30) == {("t", 0): 3, ("t", 1): 2, ("t", 2): 2}


def test_nothing_gathers_while_batches_are_quick(noting: PartitionQueues, notes: Notes) -> None:
    known_as_quick(noting, notes, ("t", 0))

    assert not noting.gather(of("t", 0, 1))


def test_what_gathers_after_a_slow_batch_is_taken_with_what_comes_meanwhile(
    noting: PartitionQueues, notes: Notes
) -> None:
    known_as_quick(noting, notes, ("t", 0), ("t", 1))
    notes.gate.clear()
    noting.feed(of("t", 0, 1))
    threading.Timer(0.05, notes.gate.set).start()
    notes.await_number(1)
    eventually(lambda: not noting.in_hand())

    assert noting.gather(of("t", 0, 2))
    noting.feed(of("t", 1, 1))
    notes.await_number(3)

    assert sorted(notes.taken[1]) == [("t", 0, 2), ("t", 1, 1)]


def test_a_partition_that_comes_back_while_its_last_batch_is_in_hand_is_worked_off(
    noting: PartitionQueues, notes: Notes
) -> None:
    notes.gate.clear()
    noting.feed(of("t", 0, 0))
    eventually(noting.in_hand)
    noting.release({("t", 0)}, within=0)

    noting.feed(of("t", 0, 1))
    notes.gate.set()
    notes.await_number(2)

    assert notes.taken == [[("t", 0, 0)], [("t", 0, 1)]]
