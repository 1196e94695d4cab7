"""Does each message take effect once per group, whatever happens on the way? (I7)"""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis.exceptions
from django.db import connection

from events.api import StreamId, Untyped, append_events, get_events
from outbox.api import ConsumerGroup, Handler, KafkaBus, ReceivedEvent, RetryPolicy, TopicSpec
from outbox.consumer import ConsumerRunner, ConsumerSettings
from outbox.models import DeadLetter, InboxEntry, ProcessHeartbeat
from tests.support.events import new_event
from tests.support.outbox import eventually, hosted, produce, unique

pytestmark = pytest.mark.usefixtures("recording", "kafka")

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

    letters = DeadLetter.objects.order_by("offset")
    assert [bytes(letter.body or b"") for letter in letters] == bodies
    assert {letter.exception for letter in letters} == {"outbox.exceptions.Poisonous"}
    assert {letter.attempts for letter in letters} == {1}
    assert InboxEntry.objects.filter(consumer=group.name).count() == 7


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

    letter = DeadLetter.objects.get()
    assert letter.exception == "LookupError"
    assert letter.message == "nobody there\\x00"
    assert "fail_on_two" in letter.frame
    assert letter.attempts == 2
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


def test_a_stuck_handler_shows_in_the_signs_of_life(
    consumer: Callable[[], ConsumerRunner],
    group: ConsumerGroup,
    notebook: Notebook,
    kafka_brokers: str,
    made_topic: str,
) -> None:
    released, reached = threading.Event(), threading.Event()

    def get_stuck(_: ReceivedEvent) -> None:
        reached.set()
        released.wait(30)

    notebook.before = get_stuck
    name = f"consumer:{group.name}"
    with hosted(consumer()):
        eventually(lambda: ProcessHeartbeat.objects.filter(name=name).exists())
        produce(kafka_brokers, made_topic, taken(1))
        assert reached.wait(30)
        before = ProcessHeartbeat.objects.get(name=name).seen_at
        threading.Event().wait(2.5)
        assert ProcessHeartbeat.objects.get(name=name).seen_at == before
        released.set()
        eventually(lambda: ProcessHeartbeat.objects.get(name=name).seen_at > before)
