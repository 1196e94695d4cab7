"""Events lie in the store in the form of their choice, and are seen as the same wherever they go."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from msgspec import Struct

from events.api import (
    EventIdConflict,
    Expected,
    NewEvent,
    StreamId,
    Untyped,
    append_events,
    event,
    get_event,
    get_events,
    uuid7,
)
from events.codec.canonical import canonical
from events.models import DomainEvent
from events.rest.representations import event_answer
from events.transfer.exporter import _line
from events.types.registry import Codec
from outbox.models import OutboxEvent
from tests.support.database import rows, scalar
from tests.support.events import new_event, new_stream, post_created
from tests.support.versions import own_registry

pytestmark = pytest.mark.django_db

LONG = "All work and no play makes Jack a dull boy. " * 200
CHOICES: list[tuple[Codec, int]] = [("json", 0), ("json", 1_000), ("msgpack", 0), ("msgpack", 1_000)]


class TeaBrewed(Struct, frozen=True, kw_only=True):
    sort: str
    cups: int
    strength: float = 1.0


@pytest.fixture(params=CHOICES, ids=["json", "json+zstd", "msgpack", "msgpack+zstd"])
def encoding(request: pytest.FixtureRequest, settings: Any) -> Any:
    codec, settings.NOVA_COMPRESS_ABOVE = request.param
    with own_registry():
        event("tea.brewed", owner="tests", codec=codec)(TeaBrewed)
        yield request.node.callspec.id


def brew(stream: StreamId) -> NewEvent:
    new = NewEvent(payload=TeaBrewed(sort=LONG, cups=3), event_id=uuid7())
    append_events(stream, Expected.ANY, [new])
    return new


def test_it_is_stored_in_its_encoding_and_read_as_it_was_appended(encoding: str) -> None:
    stream = new_stream("tea")
    new = brew(stream)

    (recorded,) = get_events(stream)

    assert recorded.payload == new.payload
    assert scalar("SELECT encoding FROM domain_events") == encoding
    assert scalar("SELECT (payload IS NULL) = (encoding <> 'json') FROM domain_events")


def test_its_hash_its_message_and_what_is_shown_of_it_are_the_same(encoding: str) -> None:
    stream = new_stream("tea")
    new = brew(stream)
    payload = {"sort": LONG, "cups": 3, "strength": 1}

    recorded = get_event(new.event_id)  # type: ignore[arg-type]
    stored = DomainEvent.objects.get()
    row = OutboxEvent.objects.get()

    assert row.payload == payload
    assert scalar("SELECT payload::text FROM outbox_events") == canonical(payload).decode()
    assert stored.payload_data == payload
    assert event_answer(recorded).payload == payload
    assert _line(recorded)["payload"] == payload
    # A repeated event is compared by the hash, and known whatever the encoding is now.
    assert append_events(stream, Expected.ANY, [new]).replayed
    with pytest.raises(EventIdConflict):
        append_events(stream, Expected.ANY, [NewEvent(payload=TeaBrewed(sort="x", cups=3), event_id=new.event_id)])


def test_what_was_written_before_stays_readable_when_the_choice_changes(settings: Any) -> None:
    stream = new_stream("tea")
    for codec, settings.NOVA_COMPRESS_ABOVE in CHOICES:
        with own_registry():
            event("tea.brewed", owner="tests", codec=codec)(TeaBrewed)
            brew(stream)
            assert {type(recorded.payload) for recorded in get_events(stream)} == {TeaBrewed}

    assert [encoding for (encoding,) in rows("SELECT encoding FROM domain_events ORDER BY position")] == [
        *("json", "json+zstd", "msgpack", "msgpack+zstd")
    ]
    data = {"sort": LONG, "cups": 3, "strength": 1}
    assert [recorded.payload for recorded in get_events(stream)] == [Untyped("tea.brewed", data)] * 4


def test_one_batch_may_hold_several_encodings(settings: Any) -> None:
    settings.NOVA_COMPRESS_ABOVE = 1_000
    stream = new_stream()

    append_events(stream, Expected.ANY, [new_event("short"), new_event(LONG), new_event("again")])

    assert rows("SELECT version, encoding FROM domain_events ORDER BY version") == [
        (1, "json"),
        (2, "json+zstd"),
        (3, "json"),
    ]
    assert [e.payload for e in get_events(stream)] == [post_created(caption=c) for c in ("short", LONG, "again")]
    assert [json.loads(text)["caption"] for (text,) in rows("SELECT payload::text FROM outbox_events ORDER BY id")] == [
        *("short", LONG, "again")
    ]


def test_the_console_shows_it_decoded(settings: Any, admin_client: Client) -> None:
    settings.NOVA_COMPRESS_ABOVE = 1_000
    (position,) = append_events(new_stream(), Expected.ANY, [new_event(LONG)]).positions

    page = admin_client.get(f"/admin/events/domainevent/{position}/change/").content.decode()

    assert LONG.strip() in page
    assert "json+zstd" in page


@pytest.mark.parametrize(
    "change",
    [
        "encoding = 'json', payload = NULL, payload_bytes = NULL",
        "encoding = 'msgpack', payload = '{}', payload_bytes = 'x'",
    ],
)
def test_the_database_keeps_exactly_one_form(change: str) -> None:
    append_events(new_stream(), Expected.ANY, [new_event()])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE domain_events DISABLE TRIGGER domain_events_append_only")
        with pytest.raises(IntegrityError, match="domain_events_one_payload"):
            cursor.execute(f"UPDATE domain_events SET {change}")
