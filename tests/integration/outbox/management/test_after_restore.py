"""After a restore, one command says what broker and database differ in, and brings them together."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from outbox.api import ConsumerGroup, Handler, KafkaBus, ReceivedEvent, relay_runner
from outbox.checks import the_database_is_no_restored_copy
from outbox.consumers.lag import lag_of
from outbox.handling import handlers
from outbox.handling.positions import recorded_positions
from outbox.hosting.runners import consumer_runner
from outbox.models import ConsumerPosition, DatabaseIdentity, InboxEntry, OutboxEvent
from tests.support.database import APPEND_ONLY
from tests.support.outbox import eventually, hosted, produce, states, take_notes, unique

pytestmark = pytest.mark.usefixtures("recording", "kafka", "redis_url")


@pytest.fixture
def handled() -> list[int]:
    return []


@pytest.fixture
def group(topic: str, handled: list[int], monkeypatch: pytest.MonkeyPatch) -> ConsumerGroup:
    def take(event: ReceivedEvent) -> None:
        handled.append(event.payload.data["number"])  # type: ignore[attr-defined]

    made = ConsumerGroup(
        name=unique("group"), topics=[topic], handlers=[Handler(name="notes", event_types=["note.taken"], handle=take)]
    )
    monkeypatch.setattr(handlers, "_groups", {made.name: made})
    return made


def after_restore(*options: str) -> str:
    said = StringIO()
    call_command("after_restore", *options, stdout=said)
    return said.getvalue()


def found(*options: str) -> Any:
    return json.loads(after_restore("--json", *options))


def live(group: ConsumerGroup, handled: list[int], *numbers: int) -> None:
    """Notes are taken, published and handled, and the broker knows."""
    take_notes("a", *numbers)
    with hosted(relay_runner(), consumer_runner(group)):
        eventually(lambda: handled[-len(numbers) :] == list(numbers))
        eventually(lambda: not any(one.lag for one in lag_of(group)))


def set_back(group: ConsumerGroup, *, position: int, events: int) -> None:
    """As if the database were one of an earlier hour: of the log the first so many events are left."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE domain_events DISABLE TRIGGER {APPEND_ONLY}")
        cursor.execute("DELETE FROM domain_events WHERE version > %s", [events])
        cursor.execute(f"ALTER TABLE domain_events ENABLE ALWAYS TRIGGER {APPEND_ONLY}")
    OutboxEvent.objects.filter(version__gt=events).delete()
    known = OutboxEvent.objects.filter(version__lte=position).values("event_id")
    InboxEntry.objects.exclude(event_id__in=known).delete()
    ConsumerPosition.objects.filter(consumer=group.name, position__gt=position).update(position=position)


def test_groups_go_back_and_lost_events_are_passed_over(group: ConsumerGroup, handled: list[int]) -> None:
    live(group, handled, 1, 2, 3, 4, 5)
    set_back(group, position=1, events=3)
    handled.clear()

    said = after_restore()
    live(group, handled, 6)

    assert f"{group.name}: 4 messages behind the broker, 0 of them gone from it" in said
    assert "2 messages of events that the log has no more (pass-over)" in said
    assert "1 partitions of groups set back, 2 effects of lost events passed over, 0 outbox rows" in said
    assert handled == [2, 3, 6]
    assert "Broker and database agree." in after_restore()


def test_lost_events_are_handled_where_somebody_wants_that(group: ConsumerGroup, handled: list[int]) -> None:
    live(group, handled, 1, 2, 3)
    set_back(group, position=1, events=2)
    handled.clear()

    after_restore("--lost-events", "handle")
    with hosted(consumer_runner(group)):
        eventually(lambda: handled == [2, 3])


def test_a_dry_run_changes_nothing_and_tells_programs(
    group: ConsumerGroup, handled: list[int], kafka: KafkaBus
) -> None:
    live(group, handled, 1, 2, 3)
    before = kafka.places(group.name, group.topics)
    set_back(group, position=1, events=2)
    said = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("after_restore", "--dry-run", "--json", stdout=said)

    answer = json.loads(said.getvalue())
    (of_group,) = answer["found"]["groups"]
    assert ended.value.code == 1
    assert answer["mended"] is None
    assert [(one["recorded"], one["committed"]) for one in of_group["ahead"]] == [(1, 3)]
    assert [one["event_type"] for one in answer["found"]["lost"]] == ["note.taken"]
    assert kafka.places(group.name, group.topics) == before
    assert InboxEntry.objects.count() == 1


def test_where_nothing_differs_nothing_is_done(group: ConsumerGroup, handled: list[int]) -> None:
    live(group, handled, 1)

    answer = found("--dry-run")

    assert answer["found"]["groups"] == answer["found"]["lost"] == []
    assert found()["mended"] == {"set_back": 0, "passed_over": 0, "published_again": 0}


def test_messages_of_others_are_no_lost_events(
    group: ConsumerGroup, handled: list[int], topic: str, kafka_brokers: str
) -> None:
    live(group, handled, 1)
    of_others = {"event_type": b"note.taken", "event_id": b"0190b1d4-0000-7000-8000-000000000001"}
    produce(kafka_brokers, topic, (b"a", b'{"number":2}', of_others | {"aggregate_type": b"chapter"}))
    produce(kafka_brokers, topic, (b"a", b'{"number":3}', {"event_type": b"note.taken"}))

    assert found("--dry-run")["found"]["lost"] == []


def test_a_group_that_was_moved_ahead_on_purpose_goes_on_there(
    group: ConsumerGroup, handled: list[int], topic: str, kafka: KafkaBus
) -> None:
    live(group, handled, 1)
    take_notes("a", 2, 3)
    with hosted(relay_runner()):
        eventually(lambda: set(states().values()) == {"published"})
    (place,) = [one for one in kafka.places(group.name, [topic]) if one.offset]
    kafka.go_on_at(group.name, {(topic, place.partition): 3})

    assert len(found("--trust-broker", group.name)["found"]["groups"]) == 0
    take_notes("a", 4)
    with hosted(relay_runner(), consumer_runner(group)):
        eventually(lambda: handled == [1, 4])


def test_a_group_with_members_is_left_to_them(group: ConsumerGroup, handled: list[int]) -> None:
    live(group, handled, 1, 2)
    with hosted(consumer_runner(group)):
        eventually(lambda: ConsumerPosition.objects.filter(consumer=group.name).exists())
        take_notes("a", 3)
        with hosted(relay_runner()):
            eventually(lambda: handled == [1, 2, 3] and not any(one.lag for one in lag_of(group)))
        set_back(group, position=1, events=3)
        with pytest.raises(CommandError, match="stop its consumers"):
            after_restore()


def test_what_the_topic_keeps_no_more_is_published_again(
    group: ConsumerGroup, handled: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    live(group, handled, 1, 2, 3)
    set_back(group, position=1, events=3)
    monkeypatch.setattr("outbox.restoring.reconciliation._gone", lambda *_: 1)
    handled.clear()

    assert found()["mended"] == {"set_back": 1, "passed_over": 0, "published_again": 2}

    with hosted(relay_runner(), consumer_runner(group)):
        eventually(lambda: set(states().values()) == {"published"})
        eventually(lambda: sum(one.offset for one in recorded_positions(group.name).values()) == 5)
    assert handled == [2, 3]


def test_a_restored_copy_is_confirmed(group: ConsumerGroup) -> None:
    DatabaseIdentity.objects.create(identity="somewhere/else")

    assert [one.id for one in the_database_is_no_restored_copy(databases=["default"])] == ["outbox.W002"]
    assert found()["found"]["restored"]
    assert not found("--dry-run")["found"]["restored"]
    assert the_database_is_no_restored_copy(databases=["default"]) == []


def test_an_unknown_group_and_a_broker_that_is_away_are_named(group: ConsumerGroup, settings: Any) -> None:
    with pytest.raises(CommandError, match="nobody"):
        after_restore("--trust-broker", "nobody")
    settings.KAFKA_BROKERS = "127.0.0.1:1"
    with pytest.raises(CommandError):
        after_restore()
