"""A partition that is slow, stuck or overfull costs the others nothing, and comes to its end."""

import threading
from zlib import crc32

import pytest
from django.db import connection

from outbox.api import Check, ConsumerGroup, KafkaBus, ReceivedEvent, RetryPolicy, checks
from outbox.consumers.consumer import ConsumerRunner
from outbox.consumers.settings import ConsumerSettings
from outbox.consumers.watchdog import Watchdog
from outbox.handling import handlers
from outbox.hosting.hosted_loop import Host
from outbox.models import DeadLetter
from tests.support.notebook import ONCE_MORE, Notebook, keyed, number_of, taken, watched
from tests.support.outbox import eventually, hosted, produce

pytestmark = pytest.mark.usefixtures("recording", "kafka")


def test_a_stuck_handler_is_unhealthy_and_its_consumer_is_started_again(
    group: ConsumerGroup, notebook: Notebook, kafka_brokers: str, made_topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the stuck thread holds in the database does not hold up the one that comes after it."""
    monkeypatch.setattr(handlers, "_groups", {group.name: group})
    released, reached = threading.Event(), threading.Event()

    def get_stuck_once(_: ReceivedEvent) -> None:
        if not reached.is_set():
            reached.set()
            released.wait(60)

    def health() -> Check:
        return next(check for check in checks() if check.name == f"consumer:{group.name}")

    notebook.before = get_stuck_once
    settings = ConsumerSettings(group_id=group.name, topics=tuple(group.topics), batch=100, policy=ONCE_MORE, stall=3.0)
    host = Host("test", lambda: ConsumerRunner(group, KafkaBus(kafka_brokers), settings))
    host.start()
    try:
        produce(kafka_brokers, made_topic, taken(1))
        assert reached.wait(30)
        eventually(lambda: health().detail.startswith("stalled: "))
        assert not health().healthy
        eventually(lambda: notebook.numbers == ["1"])
        eventually(lambda: health().healthy)
    finally:
        released.set()
        host.request_stop()
        host.join(30)
    assert notebook.numbers == ["1"]


def test_a_batch_that_is_too_slow_to_end_in_time_is_done_in_smaller_ones(
    group: ConsumerGroup, notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    handled: dict[int, int] = {}

    def be_too_slow_for_many(_: ReceivedEvent) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT txid_current()")
            (batch,) = cursor.fetchone()
            handled[batch] = handled.get(batch, 0) + 1
            if handled[batch] > 20:
                # Until its session is ended, because nothing has come of it for twice as long as a stall.
                cursor.execute("SELECT pg_sleep(60)")

    notebook.before = be_too_slow_for_many
    produce(kafka_brokers, made_topic, *(taken(number) for number in range(50)))
    settings = ConsumerSettings(group_id=group.name, topics=tuple(group.topics), batch=50, policy=ONCE_MORE, stall=0.5)

    with hosted(ConsumerRunner(group, KafkaBus(kafka_brokers), settings)):
        eventually(lambda: len(notebook.numbers) >= 50)

    assert notebook.numbers == [str(number) for number in range(50)]
    assert max(handled.values()) > 20, "the first batch was too large"


def test_a_poll_thread_that_is_stuck_is_told_to_the_worker() -> None:
    told = threading.Event()
    watchdog = Watchdog("g", list, limit=0.2, poll_limit=0.3, give_up=told.set)

    watchdog.start()

    assert told.wait(10)
    assert watchdog.stalled[0].startswith("poll for")


def two_keys_on_two_partitions() -> tuple[bytes, bytes]:
    """Of three partitions, by librdkafka's own partitioner."""
    one = b"key-0"
    other = next(key for n in range(1, 50) if crc32(key := b"key-%d" % n) % 3 != crc32(one) % 3)
    return one, other


def test_a_partition_that_is_slow_or_tries_again_holds_up_no_other(
    group: ConsumerGroup, notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    slow, quick = two_keys_on_two_partitions()
    released = threading.Event()

    def be_slow_or_fail(event: ReceivedEvent) -> None:
        if event.key == slow and number_of(event) == 1:
            raise LookupError
        if event.key == slow and number_of(event) == 2:
            released.wait(60)

    notebook.before = be_slow_or_fail
    settings = ConsumerSettings(
        group_id=group.name,
        topics=tuple(group.topics),
        batch=100,
        policy=RetryPolicy(limit=2, base=0.01),
        threads=2,
    )
    with hosted(ConsumerRunner(group, KafkaBus(kafka_brokers), settings)):
        produce(kafka_brokers, made_topic, keyed(slow, 1), keyed(slow, 2), keyed(slow, 3))
        for number in range(10, 14):
            produce(kafka_brokers, made_topic, keyed(quick, number))
            eventually(lambda number=number: str(number) in notebook.numbers)  # type: ignore[misc]
        assert "3" not in notebook.numbers
        released.set()
        eventually(lambda: notebook.numbers[-2:] == ["2", "3"])
    assert DeadLetter.objects.count() == 1


def test_a_partition_that_cannot_keep_up_rests_and_loses_nothing(
    group: ConsumerGroup, notebook: Notebook, kafka_brokers: str, made_topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests, goes_on = watched(monkeypatch, "pause"), watched(monkeypatch, "resume")

    def wait_for_the_rest(_: ReceivedEvent) -> None:
        assert rests.wait(30)

    notebook.before = wait_for_the_rest
    produce(kafka_brokers, made_topic, *(keyed(b"key-%d" % (n % 5), n) for n in range(1_000)))
    settings = ConsumerSettings(group_id=group.name, topics=tuple(group.topics), batch=10, policy=ONCE_MORE)

    with hosted(ConsumerRunner(group, KafkaBus(kafka_brokers), settings)):
        eventually(lambda: len(notebook.numbers) >= 1_000, within=60)

    assert goes_on.is_set()
    assert sorted(map(int, notebook.numbers)) == list(range(1_000))
    with connection.cursor() as cursor:
        cursor.execute("SELECT number::int % 5, array_agg(number::int ORDER BY place) FROM notebook GROUP BY 1")
        assert all(numbers == sorted(numbers) for _, numbers in cursor.fetchall())
