"""Does each message take effect once per group, whatever happens on the way? (I7)"""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4
from zlib import crc32

import pytest
import redis.exceptions
from django.db import connection

from events.api import StreamId, Untyped, append_events, get_events
from outbox.api import Check, ConsumerGroup, Handler, KafkaBus, ReceivedEvent, RetryPolicy, TopicSpec, checks
from outbox.bus.kafka.offsets import group_lag
from outbox.bus.kafka.subscription import KafkaSubscription
from outbox.consumers.consumer import ConsumerRunner
from outbox.consumers.control import decisions as flow
from outbox.consumers.control.decisions import Scope
from outbox.consumers.settings import ConsumerSettings
from outbox.consumers.watchdog import Watchdog
from outbox.handling import handlers
from outbox.hosting.hosted_loop import Host
from outbox.models import DeadLetter, InboxEntry, ProcessHeartbeat
from tests.support.events import new_event
from tests.support.outbox import eventually, hosted, produce, unique

pytestmark = pytest.mark.usefixtures("recording", "kafka")

KCAT = shutil.which("kcat")
ONCE_MORE = RetryPolicy(limit=1, base=0.0)


class Notebook:
    """A handler that writes a row per event, in the transaction that it is given."""

    def __init__(self) -> None:
        self.before: Callable[[ReceivedEvent], None] = lambda _: None

    def handle(self, event: ReceivedEvent) -> None:
        self.before(event)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO notebook VALUES (%s, %s)", [event.event_id, str(number_of(event))])

    @property
    def numbers(self) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT number FROM notebook ORDER BY place")
            return [number for (number,) in cursor.fetchall()]


def number_of(event: ReceivedEvent) -> Any:
    assert isinstance(event.payload, Untyped)
    return event.payload.data.get("number")


@pytest.fixture
def notebook(recording: None) -> Iterator[Notebook]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE notebook (event_id uuid, number text, place serial)")
    yield Notebook()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE notebook")


@pytest.fixture
def made_topic(kafka: KafkaBus, topic: str) -> str:
    kafka.ensure_topics([TopicSpec(name=topic, partitions=3)])
    return topic


@pytest.fixture
def group(notebook: Notebook, made_topic: str) -> ConsumerGroup:
    handler = Handler(name="notebook", event_types=["note.taken"], handle=notebook.handle)
    return ConsumerGroup(name=unique("group"), topics=[made_topic], handlers=[handler])


@pytest.fixture
def consumer(group: ConsumerGroup, kafka_brokers: str) -> Callable[[], ConsumerRunner]:
    def make() -> ConsumerRunner:
        settings = ConsumerSettings(group_id=group.name, topics=tuple(group.topics), batch=100, policy=ONCE_MORE)
        return ConsumerRunner(group, KafkaBus(kafka_brokers), settings)

    return make


def taken(number: int, *, event_id: UUID | None = None, body: bytes | None = None) -> tuple[bytes, bytes, Any]:
    headers = {"event_type": b"note.taken"} | ({"event_id": str(event_id).encode()} if event_id else {})
    return (b"key", body if body is not None else b'{"number":%d}' % number, headers)


def test_a_message_delivered_three_times_takes_effect_once(
    consumer: Callable[[], ConsumerRunner], notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    first, second = taken(1, event_id=uuid4()), taken(2, event_id=uuid4())
    produce(kafka_brokers, made_topic, first, first, second, first)
    with hosted(consumer()):
        eventually(lambda: "2" in notebook.numbers)
    produce(kafka_brokers, made_topic, first, taken(3, event_id=uuid4()))
    with hosted(consumer()):
        eventually(lambda: "3" in notebook.numbers)

    assert notebook.numbers == ["1", "2", "3"]


def test_a_message_of_somebody_else_needs_no_event_id(
    consumer: Callable[[], ConsumerRunner], notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    produce(kafka_brokers, made_topic, taken(1), taken(1), (None, b'{"number":2}', {"event_type": b"note.taken"}))

    with hosted(consumer()):
        eventually(lambda: len(notebook.numbers) == 3)

    assert sorted(notebook.numbers) == ["1", "1", "2"]


def test_events_that_no_handler_wants_leave_no_trace(
    consumer: Callable[[], ConsumerRunner], notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    produce(
        kafka_brokers, made_topic, (b"key", b"not even JSON", {"event_type": b"other"}), (b"key", b"", {}), taken(1)
    )

    with hosted(consumer()):
        eventually(lambda: notebook.numbers == ["1"])

    assert InboxEntry.objects.count() == 1
    assert not DeadLetter.objects.exists()


def test_a_poisonous_message_is_a_dead_letter_and_the_rest_goes_on(
    consumer: Callable[[], ConsumerRunner],
    group: ConsumerGroup,
    notebook: Notebook,
    kafka_brokers: str,
    made_topic: str,
) -> None:
    bodies = [b"", b"\xff", b"[1]", b'{"number":', b'{"a":' * 100_000]
    poison = [taken(0, body=body) for body in bodies]
    poison[0][2]["odd"] = b"\xff\x00"
    produce(kafka_brokers, made_topic, taken(1), *poison, taken(2))

    with hosted(consumer()):
        eventually(lambda: notebook.numbers == ["1", "2"])

    dead_letters = DeadLetter.objects.order_by("offset")
    assert [bytes(dead_letter.body or b"") for dead_letter in dead_letters] == bodies
    assert {dead_letter.exception for dead_letter in dead_letters} == {"outbox.exceptions.Poisonous"}
    assert {dead_letter.attempts for dead_letter in dead_letters} == {1}
    assert InboxEntry.objects.filter(consumer=group.name).count() == 7


@pytest.mark.skipif(KCAT is None, reason="NOT PROVED: kcat is not installed (apt-get install kcat)")
def test_a_header_name_that_nobody_can_read_stops_no_partition(
    consumer: Callable[[], ConsumerRunner], notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    # So many that Python has sped up what reads them.
    produce(kafka_brokers, made_topic, *(taken(number) for number in range(100, 300)))
    with hosted(consumer()):
        command = [str(KCAT), "-P", "-b", kafka_brokers, "-t", made_topic, "-k", "key", "-H", "event_type=note.taken"]
        subprocess.run([*command, "-H", b"\xff\xfe=1"], input=b'{"number":1}', check=True)
        subprocess.run(command, input=b'{"number":2}', check=True)
        eventually(lambda: len(notebook.numbers) == 201)

    assert "1" not in notebook.numbers
    dead_letter = DeadLetter.objects.get()
    assert (dead_letter.exception, bytes(dead_letter.body or b"")) == ("outbox.exceptions.Poisonous", b'{"number":1}')
    assert "not UTF-8" in dead_letter.message


def test_a_message_that_a_handler_fails_on_is_tried_again_and_then_a_dead_letter(
    consumer: Callable[[], ConsumerRunner], notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    tries: list[Any] = []

    def fail_on_two(event: ReceivedEvent) -> None:
        if number_of(event) == 2:
            tries.append(event.offset)
            raise LookupError("nobody there\x00")

    notebook.before = fail_on_two
    odd = (b"key", b'{"number":2}', {"event_type": b"note.taken", "odd": b"\xff\x00"})
    produce(kafka_brokers, made_topic, taken(1), odd, taken(3))

    with hosted(consumer()):
        eventually(lambda: notebook.numbers == ["1", "3"])

    dead_letter = DeadLetter.objects.get()
    assert dead_letter.exception == "LookupError"
    assert dead_letter.message == "nobody there\\x00"
    assert "fail_on_two" in dead_letter.frame
    assert dead_letter.attempts == 2
    # once with its batch, twice alone
    assert len(tries) == 3


def test_a_failure_takes_back_all_that_the_batch_has_written(
    consumer: Callable[[], ConsumerRunner], notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    """Also when the handler has left the transaction unusable."""

    def break_the_transaction(event: ReceivedEvent) -> None:
        if number_of(event) == 2:
            connection.cursor().execute("SELECT 1 / 0")

    notebook.before = break_the_transaction
    produce(kafka_brokers, made_topic, *(taken(number) for number in range(1, 6)))

    with hosted(consumer()):
        eventually(lambda: notebook.numbers == ["1", "3", "4", "5"])

    assert DeadLetter.objects.count() == 1


@pytest.mark.parametrize("loss", ["database", "redis"])
def test_an_outage_is_no_message_s_fault(
    consumer: Callable[[], ConsumerRunner], notebook: Notebook, kafka_brokers: str, made_topic: str, loss: str
) -> None:
    losses: list[str] = []

    def lose(_: ReceivedEvent) -> None:
        if len(losses) < 5:
            losses.append(loss)
            if loss == "redis":
                raise redis.exceptions.ConnectionError
            connection.cursor().execute("SELECT pg_terminate_backend(pg_backend_pid())")

    notebook.before = lose
    produce(kafka_brokers, made_topic, taken(1), taken(2))

    with hosted(consumer()):
        eventually(lambda: notebook.numbers == ["1", "2"])

    assert len(losses) == 5
    assert not DeadLetter.objects.exists()


def test_a_message_that_brings_a_cancelled_query_upon_itself_does_not_block_its_partition(
    consumer: Callable[[], ConsumerRunner], notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    def take_too_long(event: ReceivedEvent) -> None:
        if number_of(event) == 1:
            connection.cursor().execute("SET LOCAL statement_timeout = 10")
            connection.cursor().execute("SELECT pg_sleep(1)")

    notebook.before = take_too_long
    produce(kafka_brokers, made_topic, taken(1), taken(2))

    with hosted(consumer()):
        eventually(lambda: notebook.numbers == ["2"])


def test_events_that_a_handler_appends_continue_the_conversation(
    consumer: Callable[[], ConsumerRunner], notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    cause, correlation = uuid4(), uuid4()
    reply = StreamId("reply", unique("reply"))

    def answer(_: ReceivedEvent) -> None:
        append_events(reply, 0, [new_event()])

    notebook.before = answer
    headers = {"event_type": b"note.taken", "event_id": str(cause).encode()}
    headers |= {"correlation_id": str(correlation).encode(), "user_id": b"user-1"}
    produce(kafka_brokers, made_topic, (b"key", b'{"number":1}', headers))

    with hosted(consumer()):
        eventually(lambda: notebook.numbers == ["1"])

    (appended,) = get_events(reply)
    assert (appended.causation_id, appended.correlation_id, appended.user_id) == (cause, correlation, "user-1")


def test_two_members_share_the_work_and_one_takes_over_what_the_other_leaves(
    consumer: Callable[[], ConsumerRunner],
    group: ConsumerGroup,
    notebook: Notebook,
    kafka_brokers: str,
    made_topic: str,
) -> None:
    """Nothing is lost or done twice while members come and go."""

    def write(numbers: range) -> None:
        messages = [(f"key-{n % 10}".encode(), b'{"number":%d}' % n, {"event_type": b"note.taken"}) for n in numbers]
        produce(kafka_brokers, made_topic, *messages)

    with hosted(consumer()):
        write(range(300))
        with hosted(consumer()):
            write(range(300, 600))
            eventually(lambda: len(notebook.numbers) > 300)
        write(range(600, 900))
        eventually(lambda: len(notebook.numbers) >= 900)

    assert sorted(map(int, notebook.numbers)) == list(range(900))
    assert InboxEntry.objects.filter(consumer=group.name).count() == 900


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


def keyed(key: bytes, number: int) -> tuple[bytes, bytes, Any]:
    return (key, b'{"number":%d}' % number, {"event_type": b"note.taken"})


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


def watched(monkeypatch: pytest.MonkeyPatch, verb: str) -> threading.Event:
    """Set once a partition is told to rest, or to go on."""
    seen, act = threading.Event(), getattr(KafkaSubscription, verb)

    def tell(subscription: KafkaSubscription, partitions: set[Any]) -> None:
        act(subscription, partitions)
        if partitions:
            seen.set()

    monkeypatch.setattr(KafkaSubscription, verb, tell)
    return seen


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


def test_where_a_dead_letter_blocks_its_key_the_later_ones_are_parked_behind_it_in_order(
    group: ConsumerGroup, notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    def fail_on_two(event: ReceivedEvent) -> None:
        if number_of(event) == 2:
            raise LookupError

    notebook.before = fail_on_two
    settings = ConsumerSettings(
        group_id=group.name,
        topics=tuple(group.topics),
        batch=100,
        policy=ONCE_MORE,
        blocking=(r"^test-.*\.note\.events$",),
    )
    with hosted(ConsumerRunner(group, KafkaBus(kafka_brokers), settings)):
        produce(kafka_brokers, made_topic, *(keyed(b"a", n) for n in (1, 2, 3)), keyed(b"b", 20), keyed(b"a", 4))
        eventually(lambda: DeadLetter.objects.count() == 3)
        produce(kafka_brokers, made_topic, keyed(b"a", 5), keyed(b"b", 21))
        eventually(lambda: DeadLetter.objects.count() == 4 and "21" in notebook.numbers)

        dead_letters = list(DeadLetter.objects.order_by("id"))
        assert [bytes(dead_letter.body or b"") for dead_letter in dead_letters] == [
            b'{"number":%d}' % n for n in (2, 3, 4, 5)
        ]
        assert [dead_letter.exception for dead_letter in dead_letters] == [
            "LookupError",
            *["outbox.exceptions.KeyBlocked"] * 3,
        ]
        DeadLetter.objects.update(status=DeadLetter.Status.DISCARDED)
        produce(kafka_brokers, made_topic, keyed(b"a", 6))
        eventually(lambda: "6" in notebook.numbers)

    assert sorted(notebook.numbers) == ["1", "20", "21", "6"]


def reported(group: ConsumerGroup) -> dict[str, Any]:
    """What the consumer's heartbeat says, nothing before the first."""
    beat = ProcessHeartbeat.objects.filter(name=f"consumer:{group.name}").first()
    return beat.detail if beat else {}


def test_an_operator_pauses_a_topic_and_lets_it_go_on(
    group: ConsumerGroup,
    notebook: Notebook,
    kafka: KafkaBus,
    kafka_brokers: str,
    made_topic: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rests = watched(monkeypatch, "pause")
    other = f"{made_topic}.other"
    kafka.ensure_topics([TopicSpec(name=other, partitions=1)])
    scope = Scope(consumer=group.name, topic=made_topic)
    flow.pause(scope, actor="anna", reason="the mail server is being moved")
    settings = ConsumerSettings(group_id=group.name, topics=(made_topic, other), batch=100, policy=ONCE_MORE)
    with hosted(ConsumerRunner(group, KafkaBus(kafka_brokers), settings)):
        produce(kafka_brokers, made_topic, *(keyed(b"key-%d" % n, n) for n in range(9)))
        eventually(lambda: sum(lag.lag for lag in group_lag(kafka_brokers, group.name, group.topics)) == 9)
        assert rests.wait(30)
        produce(kafka_brokers, other, taken(10))
        eventually(lambda: notebook.numbers)
        assert notebook.numbers == ["10"]
        flow.resume(scope, actor="anna")
        eventually(lambda: len(notebook.numbers) == 10)
        eventually(lambda: sum(lag.lag for lag in group_lag(kafka_brokers, group.name, group.topics)) == 0)


def test_a_drained_group_is_left_until_it_is_resumed_and_its_lag_is_known_all_the_while(
    consumer: Callable[[], ConsumerRunner],
    group: ConsumerGroup,
    notebook: Notebook,
    kafka_brokers: str,
    made_topic: str,
) -> None:
    def lag() -> int:
        return sum(lag.lag for lag in group_lag(kafka_brokers, group.name, group.topics))

    with hosted(consumer()):
        produce(kafka_brokers, made_topic, keyed(b"a", 1))
        eventually(lambda: notebook.numbers == ["1"])
        flow.drain(group.name, actor="anna", reason="maintenance")
        eventually(lambda: reported(group).get("state") == "drained")
        produce(kafka_brokers, made_topic, keyed(b"a", 2), keyed(b"b", 3))
        assert eventually(lag) == 2
        assert notebook.numbers == ["1"]
        flow.resume(Scope(consumer=group.name), actor="anna")
        eventually(lambda: sorted(notebook.numbers) == ["1", "2", "3"])
    assert lag() == 0
