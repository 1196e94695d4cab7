"""Consumer control from the command line: consumers are listed with their lag, paused, drained and replayed."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from kit.pacing.retry import RetryPolicy
from outbox.api import ConsumerGroup, Handler, KafkaBus, ReceivedEvent, TopicSpec, register_collectors
from outbox.bus.no_offsets import LAG_UNSUPPORTED
from outbox.consumers.consumer import ConsumerRunner
from outbox.consumers.control import states as group_states
from outbox.consumers.settings import ConsumerSettings
from outbox.exceptions import BrokerUnavailable
from outbox.handling import handlers
from outbox.models import ConsumerAction, ConsumerControl, DeadLetter, InboxEntry
from tests.support.outbox import eventually, hosted, produce, unique

pytestmark = pytest.mark.usefixtures("recording", "kafka", "redis_url")

FAILING = 99


@pytest.fixture
def handled() -> list[tuple[str, int]]:
    return []


@pytest.fixture
def group(
    kafka: KafkaBus, topic: str, handled: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> ConsumerGroup:
    def take(event: ReceivedEvent) -> None:
        if event.payload.data["number"] == FAILING:  # type: ignore[attr-defined]
            raise LookupError("nobody there")
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        handled.append((event.event_type, event.payload.data["number"]))  # type: ignore[attr-defined]

    kafka.ensure_topics([TopicSpec(name=topic, partitions=2)])
    handler = Handler(name="notes", event_types=["note.taken", "note.torn"], handle=take)
    made = ConsumerGroup(name=unique("group"), topics=[topic], handlers=[handler])
    monkeypatch.setattr(handlers, "_groups", {made.name: made})
    return made


def consumer(group: ConsumerGroup, brokers: str) -> ConsumerRunner:
    settings = ConsumerSettings(
        group_id=group.name, topics=tuple(group.topics), batch=100, policy=RetryPolicy(limit=0, base=0.0)
    )
    return ConsumerRunner(group, KafkaBus(brokers), settings)


def note(key: bytes, number: int, event_type: bytes = b"note.taken") -> tuple[bytes, bytes, dict[str, bytes]]:
    return key, b'{"number":%d}' % number, {"event_type": event_type}


def consumers(*words: Any) -> str:
    said = StringIO()
    call_command("consumers", *words, stdout=said)
    return said.getvalue()


WHY = ("--reason", "a disk is full")


def test_the_lag_is_listed_and_measured_while_nobody_consumes(
    group: ConsumerGroup, topic: str, kafka_brokers: str, handled: list[Any]
) -> None:
    produce(kafka_brokers, topic, *(note(b"a", n) for n in range(3)))
    with hosted(consumer(group, kafka_brokers)):
        eventually(lambda: len(handled) == 3)
    produce(kafka_brokers, topic, *(note(b"a", n) for n in range(4)))

    listed = consumers("list")
    registry = CollectorRegistry()
    register_collectors(registry)
    measured = [
        (sample.labels, sample.value)
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
        if sample.name == "kafka_consumer_lag"
    ]

    assert [line.split()[:5] for line in listed.splitlines() if topic in line] == [[group.name, topic, "4", "3", "7"]]
    assert "never seen" in listed
    assert [labels for labels, _ in measured] == [
        {"group": group.name, "topic": topic, "partition": partition} for partition in ("0", "1")
    ]
    assert sorted(lag for _, lag in measured) == [0, 4]


def test_decisions_are_kept_shown_and_taken_back(group: ConsumerGroup, topic: str) -> None:
    consumers("pause", group.name, "--topic", topic, "--partition", "1", *WHY)
    assert "paused: 1" in consumers("list")
    assert "a disk is full" in consumers("list")
    assert ConsumerControl.objects.get().reason == "a disk is full"

    consumers("pause", group.name, *WHY)
    assert "still held" in consumers("resume", group.name, "--topic", topic, *WHY)
    consumers("drain", group.name, *WHY)
    assert "drained" in consumers("list")
    assert "still held" not in consumers("resume", group.name, *WHY)
    assert not ConsumerControl.objects.exists()
    kept = ConsumerAction.objects.order_by("id").values_list("verb", "topic", "partition", "reason")
    assert list(kept) == [
        ("pause", topic, 1, "a disk is full"),
        ("pause", "", None, "a disk is full"),
        ("resume", topic, None, "a disk is full"),
        ("drain", "", None, "a disk is full"),
        ("resume", "", None, "a disk is full"),
    ]


def test_what_makes_no_sense_is_refused(group: ConsumerGroup, topic: str) -> None:
    for words in (
        ("pause", "nobody", *WHY),
        ("pause", group.name),
        ("pause", group.name, "--reason", " "),
        ("pause", group.name, "--reason", "x" * 501),
        ("pause", group.name, "--partition", "1", *WHY),
        ("pause", group.name, "--topic", "typo", *WHY),
        ("pause", group.name, "--topic", "x" * 300, *WHY),
        ("pause", group.name, "--topic", topic, "--partition", "-3", *WHY),
        ("pause", group.name, "--topic", topic, "--partition", "2", *WHY),
        ("pause", group.name, "--topic", topic, "--partition", str(2**40), *WHY),
        ("resume", group.name, "--topic", "typo", *WHY),
        ("replay", group.name, "--topic", topic, "--offset", "1"),
        ("replay", group.name, "--topic", topic, "--from-time", "2026-01-01"),
        ("replay", group.name, "--topic", "no-such-topic"),
    ):
        with pytest.raises(CommandError):
            consumers(*words)
    assert not ConsumerControl.objects.exists()


def test_a_drained_group_is_not_paused_behind_the_back_of_whoever_drained_it(group: ConsumerGroup) -> None:
    consumers("drain", group.name, *WHY)

    with pytest.raises(CommandError, match="resume it first"):
        consumers("pause", group.name, *WHY)

    assert "drained" in consumers("list")


def test_what_is_held_is_listed_where_the_lag_is_not_known(
    group: ConsumerGroup, topic: str, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    consumers("drain", group.name, *WHY)

    def ask(_: ConsumerGroup) -> list[Any]:
        raise BrokerUnavailable("away")

    with monkeypatch.context() as away:
        away.setattr(group_states, "lag_of", ask)
        without_broker = consumers("list")
    settings.NOVA_BUS = "rabbitmq"

    for listed, why in ((without_broker, group_states.UNREACHABLE), (consumers("list"), LAG_UNSUPPORTED)):
        assert [line.split()[:6] for line in listed.splitlines() if "never seen" in line] == [
            [group.name, "-", "-", "-", "-", "drained"]
        ]
        assert "a disk is full" in listed
        assert why in listed


def test_a_replay_passes_over_what_had_its_effect_unless_it_is_told_again(
    group: ConsumerGroup, topic: str, kafka_brokers: str, handled: list[Any]
) -> None:
    produce(kafka_brokers, topic, *(note(b"a", n) for n in range(3)))
    with hosted(consumer(group, kafka_brokers)):
        eventually(lambda: len(handled) == 3)
    InboxEntry.objects.filter(pk=InboxEntry.objects.first().pk).delete()  # type: ignore[union-attr]

    said = consumers("replay", group.name, "--topic", topic)
    assert said.splitlines()[-1] == "3 of 3 read, 3 chosen, 1 handled"
    assert len(handled) == 4

    said = consumers("replay", group.name, "--topic", topic, "--again")
    assert said.splitlines()[-1] == "3 of 3 read, 3 chosen, 3 handled"
    assert handled[4:] == [("note.taken", n) for n in range(3)]


def test_a_replay_is_narrowed_by_key_type_offset_and_time(
    group: ConsumerGroup, topic: str, kafka_brokers: str, handled: list[Any]
) -> None:
    produce(kafka_brokers, topic, note(b"a", 1), note(b"a", 2, b"note.torn"), note(b"b", 3), note(b"a", 4))
    between = datetime.now(UTC)
    eventually(lambda: datetime.now(UTC).timestamp() - between.timestamp() > 0.01)
    produce(kafka_brokers, topic, note(b"a", 5), note(b"b", 6, b"note.torn"))

    def replayed(*words: str) -> list[int]:
        handled.clear()
        consumers("replay", group.name, "--topic", topic, "--again", *words)
        return sorted(number for _, number in handled)

    assert replayed() == [1, 2, 3, 4, 5, 6]
    assert replayed("--key", "b") == [3, 6]
    assert replayed("--type", "note.torn", "--key", "a") == [2]
    assert replayed("--from-time", between.isoformat()) == [5, 6]
    for long_ago in ("0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z"):
        assert replayed("--from-time", long_ago) == [1, 2, 3, 4, 5, 6]
        assert replayed("--to-time", long_ago) == []
    assert replayed("--to-time", between.isoformat(), "--key", "a") == [1, 2, 4]
    # Both keys lie on the same one of the two partitions.
    assert sorted(replayed("--offset", f"{number}:1-2") for number in (0, 1)) == [[], [2, 3]]
    assert replayed("--offset", "0:100-") == []


def test_a_replay_leaves_the_group_s_place_and_other_groups_alone(
    group: ConsumerGroup, topic: str, kafka_brokers: str, handled: list[Any]
) -> None:
    produce(kafka_brokers, topic, note(b"a", 1))
    with hosted(consumer(group, kafka_brokers)):
        eventually(lambda: len(handled) == 1)
    produce(kafka_brokers, topic, note(b"a", 2))
    before = consumers("list")

    consumers("replay", group.name, "--topic", topic)

    assert consumers("list") == before
    assert [number for _, number in handled] == [1, 2]
    with hosted(consumer(group, kafka_brokers)):
        eventually(lambda: " 0 " in consumers("list"))
    assert [number for _, number in handled] == [1, 2]


def test_a_message_that_fails_in_a_replay_is_named_and_the_rest_goes_on(
    group: ConsumerGroup, topic: str, kafka_brokers: str, handled: list[Any]
) -> None:
    produce(kafka_brokers, topic, note(b"a", 1), note(b"a", FAILING), note(b"a", 2))

    with pytest.raises(CommandError, match="nobody there"):
        consumers("replay", group.name, "--topic", topic)

    # The list is no table: it also holds what was rolled back with the batch.
    assert list(dict.fromkeys(number for _, number in handled)) == [1, 2]
    assert DeadLetter.objects.count() == 1
