"""Do rows reach their topic in order, whatever fails? (I5, I6)"""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
import redis
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from events.api import Expected, NewEvent, StreamId, Untyped, append_events
from kit.tempo import Tempo
from outbox.api import KafkaBus, MemoryBus, RetryPolicy, discard_outbox_rows, retry_outbox_rows
from outbox.bus.base import DeliveryFailure, Failure, OutgoingMessage
from outbox.models import OutboxEvent
from outbox.recorder import SHARDS
from outbox.relay.relay import BATCH_BYTES, PassResult, relay_connection, relay_pass
from outbox.relay.runner import RelayRunner, RelaySettings
from outbox.relay.topic_policies import TopicPolicies, TopicPolicy
from outbox.signals.wakeup import CHANNEL, WakeupListener
from outbox.sql.statements import statement
from tests.support.outbox import eventually, headers_of, hosted, in_order, read_topic, states, take_notes

pytestmark = pytest.mark.usefixtures("recording", "prefix")

NOWHERE = "127.0.0.1:1"
AT_ONCE = TopicPolicies(usual=TopicPolicy(retry=RetryPolicy(limit=2, base=0.0)))
LATER = TopicPolicies(usual=TopicPolicy(retry=RetryPolicy(limit=8, base=3600.0, cap=3600.0)))


@pytest.fixture
def own() -> Iterator[BaseDatabaseWrapper]:
    with relay_connection() as made:
        yield made


@pytest.fixture
def relay(own: BaseDatabaseWrapper) -> Callable[..., PassResult]:
    def run(bus: Any, policies: TopicPolicies = LATER, limit: int = 1000) -> PassResult:
        return relay_pass(own, bus, shards=range(SHARDS), limit=limit, policies=policies)

    return run


def refusing(number: int, failure: Failure = Failure.REFUSED) -> Callable[[OutgoingMessage], DeliveryFailure | None]:
    """Refuses the note with this number."""

    def decide(message: OutgoingMessage) -> DeliveryFailure | None:
        refused = b'"number":%d}' % number in message.body or b'"number":%d,' % number in message.body
        return DeliveryFailure(failure=failure, reason="because") if refused else None

    return decide


def test_rows_reach_the_topic_in_order_per_key_with_all_that_is_known(
    kafka: KafkaBus, kafka_brokers: str, topic: str, relay: Callable[..., PassResult]
) -> None:
    appended = [take_notes(f"key-{n % 3}", n) for n in range(30)]

    assert relay(kafka).published == 30

    messages = read_topic(kafka_brokers, topic, at_least=30)
    assert len(messages) == 30
    assert in_order(messages) == {f"key-{n}": list(range(1, 11)) for n in range(3)}
    headers = {headers_of(m)["event_id"].decode(): headers_of(m) for m in messages}
    of_first = headers[str(appended[0].event_ids[0])]
    assert of_first["event_type"] == b"note.taken"
    assert of_first["aggregate_type"] == b"note"
    assert of_first["aggregate_id"] == b"key-0"
    assert of_first["version"] == b"1"
    assert of_first["content-type"] == b"application/json"
    assert set(states().values()) == {"published"}


def test_a_pass_takes_so_many_bytes_however_small_they_are_stored(relay: Callable[..., PassResult]) -> None:
    """Repeated text is stored in a hundredth of its length, and a relay that takes it all has no memory left."""
    length = 800_000
    large = [NewEvent(payload=Untyped("note.taken", {"number": n, "text": "x" * length})) for n in range(30)]
    for event in large:
        append_events(StreamId("note", "large"), Expected.ANY, [event])
    bus = MemoryBus()

    published = relay(bus).published

    assert BATCH_BYTES <= published * length < BATCH_BYTES + length
    assert published + relay(bus).published == 30


def test_a_rolled_back_append_publishes_nothing(relay: Callable[..., PassResult]) -> None:
    bus = MemoryBus()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        take_notes("a", 1)
        raise ZeroDivisionError

    take_notes("b", 2)
    relay(bus)

    assert [m.key for m in bus.published] == [b"b"]


def test_a_failing_row_holds_back_its_own_key_only(relay: Callable[..., PassResult]) -> None:
    bus = MemoryBus()
    bus.fail = refusing(2)
    take_notes("a", 1, 2, 3)
    take_notes("b", 4, 5)

    relay(bus)

    expected = {("a", 1): "published", ("a", 2): "waiting", ("a", 3): "pending"}
    assert states() == expected | {("b", 1): "published", ("b", 2): "published"}

    bus.fail = lambda _: None
    take_notes("a", 6)
    take_notes("b", 7)
    relay(bus)

    assert states() == expected | {("a", 4): "pending"} | {("b", n): "published" for n in (1, 2, 3)}


def test_a_held_key_goes_on_in_order_once_its_row_is_taken(relay: Callable[..., PassResult]) -> None:
    bus = MemoryBus()
    bus.fail = refusing(2)
    take_notes("a", 1, 2, 3)
    relay(bus, AT_ONCE)
    bus.fail = lambda _: None

    relay(bus, AT_ONCE)

    assert in_published_order(bus) == [1, 2, 3]
    assert OutboxEvent.objects.get(partition_key="a", version=2).retry_count == 1


def test_a_row_that_is_refused_too_often_is_dead_until_an_operator_retries_it(
    relay: Callable[..., PassResult],
) -> None:
    bus = MemoryBus()
    bus.fail = refusing(1)
    take_notes("a", 1, 2)

    for _ in range(5):
        relay(bus, AT_ONCE)

    assert states() == {("a", 1): "dead", ("a", 2): "pending"}
    dead = OutboxEvent.objects.dead().get()
    assert (dead.retry_count, dead.last_error) == (3, "because")

    bus.fail = lambda _: None
    relay(bus, AT_ONCE)
    assert bus.published == []

    assert retry_outbox_rows([dead.pk], actor="operator", reason="the topic is back") == 1
    relay(bus, AT_ONCE)
    assert in_published_order(bus) == [1, 2]


def test_a_discarded_row_lets_its_key_go_on(relay: Callable[..., PassResult]) -> None:
    bus = MemoryBus()
    bus.fail = refusing(1, Failure.PERMANENT)
    take_notes("a", 1, 2)
    relay(bus)
    assert states() == {("a", 1): "dead", ("a", 2): "pending"}

    discard_outbox_rows([OutboxEvent.objects.dead().get().pk], actor="operator", reason="meaningless")
    relay(bus)

    assert states() == {("a", 1): "discarded", ("a", 2): "published"}


def test_a_topic_may_go_on_without_its_dead_rows(relay: Callable[..., PassResult], topic: str) -> None:
    bus = MemoryBus()
    bus.fail = refusing(2)
    take_notes("a", 1, 2, 3)
    take_notes("b", 4)
    policies = TopicPolicies.read(
        RetryPolicy(limit=8), {topic: {"max_retries": 1, "base": 0, "dead_row": "lets_its_key_go_on"}}
    )

    relay(bus, policies)
    assert states()["a", 3] == "pending", "a row that is tried again holds its key, whatever the policy"
    for _ in range(2):
        relay(bus, policies)

    assert states() == {("a", 1): "published", ("a", 2): "dead", ("a", 3): "published", ("b", 1): "published"}
    assert OutboxEvent.objects.dead().get().retry_count == 2


def test_the_policy_of_one_topic_is_not_that_of_another(relay: Callable[..., PassResult]) -> None:
    bus = MemoryBus()
    bus.fail = refusing(1)
    take_notes("a", 1, 2)

    relay(bus, TopicPolicies.read(RetryPolicy(limit=0), {"elsewhere": {"dead_row": "lets_its_key_go_on"}}))
    relay(bus)

    assert states() == {("a", 1): "dead", ("a", 2): "pending"}


def test_a_pass_reads_each_parked_row_once_however_many_keys_are_parked(own: BaseDatabaseWrapper) -> None:
    keys = 200
    for key in range(keys):
        take_notes(f"key-{key}", 1, 2)
    connection.cursor().execute("UPDATE outbox_events SET dead_at = now() WHERE version = 1")
    parameters: dict[str, Any] = {"shards": list(range(SHARDS)), "limit": 10, "bytes": 1_000_000, "going_on": []}
    with own.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement("pending"), parameters)
        plan = cursor.fetchone()[0][0]["Plan"]

    assert rows_read(plan) < 10 * 2 * keys


def test_rows_behind_a_held_key_are_reached_however_many_it_holds(relay: Callable[..., PassResult]) -> None:
    bus = MemoryBus()
    bus.fail = refusing(0)
    take_notes("a", *range(50))
    take_notes("b", 100)

    for _ in range(3):
        relay(bus, limit=10)

    assert states()["b", 1] == "published"


def test_what_a_broker_refuses_is_found_among_what_it_refused_with_it(
    kafka: KafkaBus, kafka_brokers: str, topic: str, relay: Callable[..., PassResult]
) -> None:
    """Kafka judges a request as a whole, and librdkafka would let later messages pass the refused one."""
    new = NewTopic(topic, 1, 1, config={"max.message.bytes": "2000"})
    admin = AdminClient({"bootstrap.servers": kafka_brokers})
    admin.create_topics([new])[topic].result()
    take_notes("a", 1, 2)
    take_notes("b", 3)
    take_notes("a", 4)
    connection.cursor().execute(
        "UPDATE outbox_events SET payload = json_build_object('number', 2, 'noise', "
        "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 200) n)) WHERE version = 2"
    )

    eventually(lambda: relay(kafka).taken == 0)

    assert states() == {("a", 1): "published", ("a", 2): "dead", ("a", 3): "pending", ("b", 1): "published"}
    assert in_order(read_topic(kafka_brokers, topic, at_least=2)) == {"a": [1], "b": [1]}


def test_nothing_passes_a_message_that_the_broker_refuses(
    kafka: KafkaBus, kafka_brokers: str, topic: str, relay: Callable[..., PassResult]
) -> None:
    """With many requests in flight; the messages do not compress."""
    new = NewTopic(topic, 1, 1, config={"max.message.bytes": "30000"})
    admin = AdminClient({"bootstrap.servers": kafka_brokers})
    admin.create_topics([new])[topic].result()
    take_notes("a", *range(40))
    connection.cursor().execute(
        "UPDATE outbox_events SET payload = json_build_object('noise', (SELECT "
        "string_agg(md5(version || '-' || n), '') "
        "FROM generate_series(1, CASE version WHEN 20 THEN 3000 ELSE 200 END) n))"
    )

    eventually(lambda: relay(kafka).taken == 0)

    assert {version: state for (_, version), state in states().items()} == (
        dict.fromkeys(range(1, 20), "published") | {20: "dead"} | dict.fromkeys(range(21, 41), "pending")
    )
    assert in_order(read_topic(kafka_brokers, topic, at_least=19)) == {"a": list(range(1, 20))}


def test_a_topic_that_cannot_be_made_kills_its_rows_and_no_others(
    kafka: KafkaBus, prefix: str, settings: Any, relay: Callable[..., PassResult]
) -> None:
    take_notes("a", 1)
    settings.KAFKA_TOPIC_PREFIX = "not a topic"
    take_notes("b", 2)

    relay(kafka)

    assert states() == {("a", 1): "published", ("b", 1): "dead"}


def test_a_broker_that_is_away_burns_no_attempts_and_the_backlog_drains(
    kafka: KafkaBus, kafka_brokers: str, topic: str, relay: Callable[..., PassResult], redis_url: str
) -> None:
    take_notes("a", *range(20))

    result = relay(KafkaBus(NOWHERE, deadline=0.5))

    assert result.outage
    row = OutboxEvent.objects.get(version=1)
    assert (row.retry_count, row.next_attempt_at, row.dead_at) == (0, None, None)
    settings = RelaySettings(batch=7, policies=LATER, redis_url=redis_url)
    with hosted(RelayRunner(kafka, settings)):
        eventually(lambda: not OutboxEvent.objects.pending().exists())
    assert in_order(read_topic(kafka_brokers, topic, at_least=20)) == {"a": list(range(1, 21))}


def test_the_circuit_breaker_asks_a_broker_that_is_away_less_and_less_often(redis_url: str) -> None:
    bus = MemoryBus()
    tries: list[float] = []

    def away(_: OutgoingMessage) -> DeliveryFailure:
        tries.append(time.monotonic())
        return DeliveryFailure(failure=Failure.OUTAGE, reason="away")

    bus.fail = away
    take_notes("a", 1)
    settings = RelaySettings(batch=10, policies=LATER, redis_url=redis_url)

    with hosted(RelayRunner(bus, settings)):
        eventually(lambda: len(tries) >= 4)

    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert pauses[2] > pauses[0]
    assert OutboxEvent.objects.get().retry_count == 0


def test_a_relay_that_loses_its_database_comes_back(redis_url: str) -> None:
    bus = MemoryBus()
    settings = RelaySettings(batch=10, policies=LATER, redis_url=redis_url)

    with hosted(RelayRunner(bus, settings)):
        take_notes("a", 1)
        eventually(lambda: len(bus.published) == 1)
        connection.cursor().execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        take_notes("a", 2)
        eventually(lambda: len(bus.published) == 2)

    assert in_published_order(bus) == [1, 2]


def test_a_wake_up_reaches_a_relay_that_would_not_look_by_itself(redis_url: str) -> None:
    bus = MemoryBus()
    # After one look it would not look again before the next event should have been there.
    asleep = Tempo(shortest=4, longest=4, pause=4)
    settings = RelaySettings(batch=10, policies=LATER, redis_url=redis_url, tempo=asleep)

    with hosted(RelayRunner(bus, settings)):
        with redis.Redis.from_url(redis_url) as client:
            eventually(lambda: client.pubsub_numsub(CHANNEL)[0][1] == 1)
        for number in range(3):
            take_notes("a", number)
            eventually(lambda number=number: len(bus.published) == number + 1, within=2)  # type: ignore[misc]


def test_a_relay_that_has_just_worked_looks_again_at_once_and_then_less_and_less_often(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    class Unheard(WakeupListener):
        def wait(self, timeout: float, stop: threading.Event) -> bool:
            pauses.append(timeout)
            stop.wait(timeout)
            return False

    monkeypatch.setattr("outbox.relay.runner.WakeupListener", Unheard)
    bus = MemoryBus()
    with hosted(RelayRunner(bus, RelaySettings(batch=10, policies=LATER, redis_url=redis_url))):
        eventually(lambda: pauses.count(0.4) == 2)
        seen = len(pauses)
        take_notes("a", 1)
        eventually(lambda: 0.001 in pauses[seen:] and pauses[-1] == 0.4)

    expected = [0.001 * 2**n for n in range(9)] + [0.4]
    assert pauses[:10] == pytest.approx(expected)
    since = pauses[seen:]
    assert since[since.index(0.001) :][:10] == pytest.approx(expected)


def test_a_relay_that_breaks_down_lets_go_of_its_connections(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    bus = MemoryBus()
    monkeypatch.setattr(bus, "close", lambda: closed.append("bus"))
    monkeypatch.setattr("outbox.relay.runner.WakeupListener.close", lambda _: closed.append("listener"))

    def break_down(_: OutgoingMessage) -> None:
        raise ZeroDivisionError

    bus.fail = break_down
    take_notes("a", 1)

    with pytest.raises(ZeroDivisionError):
        RelayRunner(bus, RelaySettings(batch=10, policies=LATER, redis_url=redis_url)).run(threading.Event())

    assert sorted(closed) == ["bus", "listener"]


def test_a_fault_does_not_stop_the_relay_command(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = MemoryBus()
    faults = [ZeroDivisionError()]

    def break_down_once(_: OutgoingMessage) -> None:
        if faults:
            raise faults.pop()

    handlers: list[Callable[[], None]] = []
    monkeypatch.setattr("signal.signal", lambda _, handler: handlers.append(handler))
    monkeypatch.setattr("outbox.management.commands.relay.collect_seldom", lambda: None)
    monkeypatch.setattr("outbox.hosting.runners.bus_of", lambda _: bus)
    bus.fail = break_down_once
    take_notes("a", 1)

    def stop_once_it_has_published() -> None:
        try:
            eventually(lambda: bus.published)
        finally:
            handlers[0]()

    watcher = threading.Thread(target=stop_once_it_has_published)
    watcher.start()
    call_command("relay")
    watcher.join()

    assert not faults
    assert in_published_order(bus) == [1]


def test_a_pass_reads_what_is_pending_and_nothing_else_whatever_the_statistics_say(own: BaseDatabaseWrapper) -> None:
    take_notes("a", *range(1000))
    with own.cursor() as cursor:
        parameters: dict[str, Any] = {"shards": list(range(SHARDS)), "limit": 10, "bytes": 1_000_000, "going_on": []}
        cursor.execute("EXPLAIN " + statement("pending"), parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Index Scan using outbox_events_pending" in plan
    assert "outbox_events_holding" in plan
    assert "Seq Scan" not in plan


def in_published_order(bus: MemoryBus) -> list[int]:
    return [int(dict(m.headers)["version"]) for m in bus.published]


def rows_read(node: dict[str, Any]) -> float:
    """All rows that the nodes of a plan have returned or looked at in vain."""
    seen = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return float(seen + sum(rows_read(child) for child in node.get("Plans", ())))
