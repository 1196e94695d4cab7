"""A handler that still understands an older version gets that one, whatever the message carries."""

from collections.abc import Iterator

import pytest
from msgspec import Struct

from events.api import Untyped, downcaster, event, upcaster, uuid7
from outbox.api import ConsumerGroup, Handler, IncomingMessage, Poisonous, ReceivedEvent, register_groups, take_effect
from outbox.checks import brokers_and_topics_are_sound, handlers_get_the_versions_that_they_ask_for
from outbox.handling import handlers
from outbox.messages.decoding import to_event
from tests.support.versions import name_joined, name_split, own_registry

pytestmark = pytest.mark.django_db

TYPE = "person.registered"


class PersonRegistered(Struct, frozen=True, kw_only=True):
    first: str
    last: str


@pytest.fixture(autouse=True)
def in_version_2() -> Iterator[None]:
    with own_registry():
        event(TYPE, version=2, owner="tests")(PersonRegistered)
        upcaster(TYPE, from_version=1)(name_split)
        downcaster(TYPE, from_version=2)(name_joined)
        yield


def arrived(version: int, body: bytes) -> ReceivedEvent:
    headers = (
        ("event_type", TYPE.encode()),
        ("schema_version", b"%d" % version),
        ("event_id", str(uuid7()).encode()),
    )
    return to_event(
        IncomingMessage(topic="t", partition=0, offset=0, key=None, body=body, headers=headers, timestamp=0)
    )


def seen_by(handler_versions: dict[str, int], received: ReceivedEvent) -> list[tuple[object, int]]:
    seen: list[tuple[object, int]] = []
    one_by_one = Handler(
        name="one by one",
        event_types=[TYPE],
        handle=lambda got: seen.append((got.payload, got.schema_version)),
        versions=handler_versions,
    )
    together = Handler(
        name="together",
        event_types=[TYPE],
        handle_batch=lambda batch: seen.extend((got.payload, got.schema_version) for got in batch),
        versions=handler_versions,
    )
    take_effect(ConsumerGroup(name="g", topics=["t"], handlers=[one_by_one, together]), [received])
    return seen


OLD, NEW = (1, b'{"name":"Ann Lee"}'), (2, b'{"first":"Ann","last":"Lee"}')


@pytest.mark.parametrize("message", [OLD, NEW])
def test_without_a_wish_it_gets_the_class_of_today(message: tuple[int, bytes]) -> None:
    assert seen_by({}, arrived(*message)) == [(PersonRegistered(first="Ann", last="Lee"), 2)] * 2


@pytest.mark.parametrize("message", [OLD, NEW])
def test_with_one_it_gets_the_older_version(message: tuple[int, bytes]) -> None:
    assert seen_by({TYPE: 1}, arrived(*message)) == [(Untyped(TYPE, {"name": "Ann Lee"}, 1), 1)] * 2


def test_a_version_to_come_cannot_be_had_in_an_older_one_and_is_poisonous() -> None:
    newer = arrived(3, b'{"given":"Ann"}')

    assert seen_by({}, newer) == [(Untyped(TYPE, {"given": "Ann"}, 3), 3)] * 2
    with pytest.raises(Poisonous, match="wants version 1"):
        seen_by({TYPE: 1}, arrived(3, b'{"given":"Ann"}'))


@pytest.mark.parametrize("version", [3, 9])
def test_a_wish_that_no_downcaster_fulfils_is_found_at_start(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def register(wanted: int) -> None:
        handler = Handler(name="h", event_types=[TYPE], handle=lambda _: None, versions={TYPE: wanted})
        register_groups([ConsumerGroup(name="g", topics=["t"], handlers=[handler])])

    monkeypatch.setattr(handlers, "_groups", {})
    register(1)
    assert handlers_get_the_versions_that_they_ask_for() == []
    register(version)
    assert [error.id for error in handlers_get_the_versions_that_they_ask_for()] == ["outbox.E006"]


def test_a_topic_that_kafka_would_refuse_is_found_at_start() -> None:
    class BoxOpened(Struct, frozen=True):
        pass

    event("box.opened", owner="tests", topic="no good")(BoxOpened)

    assert [error.id for error in brokers_and_topics_are_sound()] == ["outbox.E005"]
