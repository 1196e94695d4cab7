"""What was taken in can be given out and taken in again: the same content, to the last digit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, example, given
from hypothesis import settings as run
from hypothesis import strategies as st
from msgspec import Struct

from events.api import (
    Expected,
    InvalidEvent,
    NewEvent,
    StreamId,
    StreamWrite,
    Untyped,
    append_events,
    append_streams,
    event,
    event_context,
    get_event,
    get_events,
    process_clock,
    read_log,
    tombstone_stream,
    upcaster,
    uuid7,
)
from outbox.models import OutboxEvent
from tests.support.database import empty_all_tables, rows
from tests.support.events import new_event, new_stream, post_created
from tests.support.json_values import EDGES, JSON_OBJECTS, nested
from tests.support.versions import own_registry

MAP = Path(__file__).parents[4] / "examples" / "import" / "nova.toml"
PROPERTY = run(max_examples=25, suppress_health_check=list(HealthCheck))
ALL_EDGES = {f"n{place}": number for place, number in enumerate(EDGES)}
RECORDED = "SELECT event_id, content_hash, payload::text, metadata::text, schema_version, timestamp FROM domain_events"


def tea(data: dict[str, Any], **fields: Any) -> NewEvent:
    return NewEvent(payload=Untyped("tea.brewed", data), **fields)


def recorded() -> list[tuple[Any, ...]]:
    """All that is kept of the events but where they stand, in the order of the log."""
    return rows(f"{RECORDED} ORDER BY position")


@pytest.fixture
def carried_over(committed_db: None, tmp_path: Path) -> Callable[[], str]:
    """Exports the log, empties the store, and imports; says what the import said."""

    def carry() -> str:
        file, said = tmp_path / "log.ndjson", tmp_path / "said.txt"
        call_command("export_events", str(file), force=True)
        empty_all_tables()
        with said.open("w") as out:
            call_command("import_events", str(file), map=MAP, batch=3, rejects=tmp_path / "rejects.ndjson", stdout=out)
        return said.read_text()

    return carry


@PROPERTY
@given(payloads=st.lists(JSON_OBJECTS, min_size=1, max_size=5), metadata=JSON_OBJECTS)
@example(payloads=[ALL_EDGES, nested(64)], metadata=ALL_EDGES | {"m": nested(63)})
def test_the_log_is_the_same_in_another_store(
    carried_over: Callable[[], str], payloads: list[dict[str, Any]], metadata: dict[str, Any]
) -> None:
    metadata.pop("clock", None)
    streams = [new_stream("tea"), new_stream("tea")]
    empty_all_tables()
    for number, payload in enumerate(payloads):
        append_events(streams[number % 2], Expected.ANY, [tea(payload, metadata=metadata)])
    before = recorded()

    said = carried_over()

    assert f"{len(payloads)} events appended, 0 already there, 0 rejected" in said
    assert recorded() == before


@pytest.mark.django_db
@pytest.mark.parametrize("number", EDGES)
def test_what_is_read_in_python_can_be_appended(number: float) -> None:
    first, second = new_stream("tea"), new_stream("tea")
    append_events(first, Expected.ANY, [tea({"n": number}, metadata={"n": number, "in": [number]})])
    (shown,) = get_events(first)

    append_events(second, Expected.ANY, [NewEvent(payload=shown.payload, metadata=shown.metadata)])

    (again,) = get_events(second)
    assert again.payload == shown.payload == Untyped("tea.brewed", {"n": number})
    assert again.metadata["in"] == [number]


@pytest.mark.django_db
def test_a_repeated_event_with_large_numbers_is_known() -> None:
    stream, new = new_stream("tea"), tea(ALL_EDGES, metadata=dict(ALL_EDGES), event_id=uuid7())

    assert not append_events(stream, Expected.ANY, [new]).replayed
    assert append_events(stream, Expected.ANY, [new]).replayed


@pytest.mark.django_db
def test_a_message_says_doubles_as_doubles() -> None:
    append_events(new_stream("tea"), Expected.ANY, [tea({"n": 1e16})])

    assert rows("SELECT payload::text FROM outbox_events") == [('{"n":10000000000000000.0}',)]
    assert repr(OutboxEvent.objects.get().payload) == "{'n': 1e+16}"


def test_all_of_an_event_is_carried_over(carried_over: Callable[[], str]) -> None:
    stream, other, cause = new_stream("permit"), new_stream("tea"), uuid7()
    process_clock.witness(1_000_000)
    with event_context(user_id="ann", causation_id=cause, metadata={"traceparent": "00-1-2-01"}):
        append_events(
            stream, Expected.ANY, [new_event("a"), new_event("b", source_service="shop", metadata={"x": 1.0})]
        )
    append_streams(
        [
            StreamWrite(stream=other, events=[tea({"cups": 1}), tea({"cups": 2})]),
            StreamWrite(stream=stream, events=[new_event("c")]),
        ]
    )
    append_events(other, Expected.ANY, [tea({"cups": 3})])
    before = read_log(0, 10).events
    partition_keys = rows("SELECT event_id, partition_key FROM outbox_events ORDER BY id")

    carried_over()

    after = read_log(0, 10).events
    assert [_without_places(event) for event in after] == [_without_places(event) for event in before]
    assert after[0].metadata["clock"] > 1_000_000
    assert (after[1].user_id, after[1].causation_id, after[1].source_service) == ("ann", cause, "shop")
    assert rows("SELECT event_id, partition_key FROM outbox_events ORDER BY id") == partition_keys


def _without_places(event: Any) -> dict[str, Any]:
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return fields | {"position": None, "created_at": None}


def test_the_clock_goes_on_from_the_clocks_taken_over(carried_over: Callable[[], str]) -> None:
    append_events(new_stream(), Expected.ANY, [new_event()])
    carried_over()
    stream = new_stream()
    append_events(stream, Expected.ANY, [new_event()])

    first, second = read_log(0, 10).events
    assert second.metadata["clock"] > first.metadata["clock"]


def test_an_event_of_an_older_version_stays_in_it(carried_over: Callable[[], str]) -> None:
    with own_registry():
        _register_tea(version=1)
        append_events(new_stream("tea"), Expected.ANY, [NewEvent(payload=TeaBrewed(sort="green"))])
    before, key = recorded(), rows("SELECT partition_key FROM outbox_events")
    with own_registry():
        _register_tea(version=2)
        upcaster("tea.brewed", from_version=1)(lambda data: data | {"cups": 7})

        carried_over()

        assert read_log(0, 10).events[0].payload == TeaBrewed(sort="green", cups=7)
    assert (recorded(), rows("SELECT partition_key FROM outbox_events")) == (before, key)


def test_an_event_from_before_its_type_was_known_is_carried_over_as_it_is(carried_over: Callable[[], str]) -> None:
    stream = new_stream("tea")
    append_events(stream, Expected.ANY, [tea({"sort": 1}), tea({"sort": "green", "colour": "red"})])
    before = recorded()
    with own_registry():
        _register_tea(version=1)

        assert "2 events appended, 0 already there, 0 rejected" in carried_over()

    assert recorded() == before


class TeaBrewed(Struct, frozen=True, kw_only=True):
    sort: str
    cups: int = 1


def _register_tea(version: int) -> None:
    event("tea.brewed", version=version, owner="tests", key="sort")(TeaBrewed)


def test_a_line_that_was_changed_is_an_event_like_any_other(committed_db: None, tmp_path: Path) -> None:
    stream, file = new_stream(), tmp_path / "log.ndjson"
    append_events(stream, Expected.ANY, [new_event("a"), new_event("b"), new_event("c")])
    call_command("export_events", str(file))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[0]["payload"]["caption"] = "changed"
    lines[1]["payload"]["colour"] = "red"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    empty_all_tables()

    call_command("import_events", str(file), map=MAP, rejects=tmp_path / "rejects.ndjson")

    assert [event.payload for event in get_events(stream)] == [
        post_created(caption="changed"),
        post_created(caption="c"),
    ]
    (rejected,) = (tmp_path / "rejects.ndjson").read_text().splitlines()
    assert "no such field" in json.loads(rejected)["reason"]


def test_a_log_with_a_closed_stream_is_the_same(carried_over: Callable[[], str]) -> None:
    closed, other = new_stream(), new_stream()
    append_events(closed, Expected.ANY, [new_event("a")])
    tombstone_stream(closed, reason="wrong customer", actor="ann")
    append_events(other, Expected.ANY, [new_event("b")])
    before = recorded()

    carried_over()

    assert recorded() == before


@pytest.mark.django_db
def test_an_event_is_not_taken_over_under_the_hash_of_another() -> None:
    stream = StreamId("tea", "1")
    append_events(stream, Expected.ANY, [tea({"cups": 1}, event_id=uuid7())])
    (first,) = get_events(stream)
    forged = tea({"cups": 2}, event_id=first.event_id, content_hash=first.content_hash, metadata=first.metadata)

    with pytest.raises(InvalidEvent) as refused:
        append_events(new_stream("tea"), Expected.ANY, [forged])

    assert refused.value.pointer.endswith("/content_hash")
    assert get_event(first.event_id) == first
