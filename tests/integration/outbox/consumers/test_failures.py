"""What one message brings upon itself costs no other one anything (I7)."""

import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import redis.exceptions
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from django.db import connection

from outbox.api import ConsumerGroup, KafkaBus, ReceivedEvent
from outbox.consumers.consumer import ConsumerRunner
from outbox.consumers.settings import ConsumerSettings
from outbox.models import DeadLetter, InboxEntry
from tests.support.notebook import ONCE_MORE, Notebook, keyed, number_of, taken
from tests.support.outbox import eventually, hosted, produce

pytestmark = pytest.mark.usefixtures("recording", "kafka")

KCAT = shutil.which("kcat")


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


def test_what_can_never_be_read_is_a_dead_letter_at_once_and_what_only_ends_a_key_is_passed_over(
    consumer: Callable[[], ConsumerRunner], notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    take_any_time(kafka_brokers, made_topic)
    typed = ("event_type", b"note.taken")
    records: list[dict[str, Any]] = [
        # Read, whatever else is odd.
        {
            "value": b'{"number":1}',
            "key": b"\xff\x00",
            "headers": [typed, ("odd", b"\xff"), ("odd", None), ("user_id", None)],
        },
        {"value": b'{"number":2}', "headers": [("event_type", b"x"), ("event_id", b"\xff"), typed]},
        {"value": b'{"number":3}', "headers": [typed], "timestamp": -86_400_000},
        # Passed over.
        {"value": None, "headers": []},
        {"value": None, "headers": [("odd", None)]},
        {"value": b'{"number":0}', "headers": [("event_type", None)]},
        {"value": b'{"number":0}', "headers": [("event_type", b"\xff")]},
        # Dead letters.
        {"value": None, "headers": [typed]},
        {"value": b'{"number":0}', "headers": [typed], "timestamp": 2**62},
        {"value": b'{"number":0}', "headers": [typed], "timestamp": -(2**62)},
        {"value": b'{"number":4}', "headers": [typed]},
    ]
    producer = Producer({"bootstrap.servers": kafka_brokers})
    refused: list[Any] = []
    for record in records:
        producer.produce(made_topic, **{"key": b"key", **record}, on_delivery=lambda error, _: refused.append(error))
    assert producer.flush(20) == 0
    assert not any(refused)

    with hosted(consumer()):
        eventually(lambda: {"2", "3", "4"} <= set(notebook.numbers))
        eventually(lambda: DeadLetter.objects.count() == 3 and "1" in notebook.numbers)

    assert sorted(notebook.numbers) == ["1", "2", "3", "4"]
    dead_letters = DeadLetter.objects.all()
    assert {dead_letter.exception for dead_letter in dead_letters} == {"outbox.exceptions.Poisonous"}
    assert {dead_letter.attempts for dead_letter in dead_letters} == {1}
    assert sorted(dead_letter.message.split(" note.taken ")[-1] for dead_letter in dead_letters) == [
        "and has no body",
        f"the message was written -{2**62} ms after 1970, at no time there can be",
        f"the message was written {2**62} ms after 1970, at no time there can be",
    ]


def take_any_time(brokers: str, topic: str) -> None:
    """Let the broker keep timestamps that it refuses by default, as older ones and other settings do."""
    entry = ConfigEntry("message.timestamp.after.max.ms", str(2**63 - 1), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": brokers})
    admin.incremental_alter_configs([resource])[resource].result(20)
    producer = Producer({"bootstrap.servers": brokers})

    def is_taken() -> bool:
        errors: list[Any] = []
        # Of no type, so that nobody wants it.
        producer.produce(topic, value=b"{}", timestamp=2**62, on_delivery=lambda error, _: errors.append(error))
        return producer.flush(20) == 0 and errors == [None]

    eventually(is_taken)


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
