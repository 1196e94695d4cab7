"""Exactly-once effects: each message takes effect once per group, whatever happens on the way (I7)."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from events.api import StreamId, append_events, get_events
from outbox.api import ConsumerGroup, ReceivedEvent
from outbox.consumers.consumer import ConsumerRunner
from outbox.models import DeadLetter, InboxEntry
from tests.support.events import new_event
from tests.support.notebook import Notebook, taken
from tests.support.outbox import eventually, hosted, produce, unique

pytestmark = pytest.mark.usefixtures("recording", "kafka")


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
