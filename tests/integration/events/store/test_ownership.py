"""A service's aggregates take events from that service alone, by whatever way they come (E3)."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from events.api import (
    BatchWriter,
    Expected,
    NewEvent,
    SourceNotOwner,
    StreamId,
    StreamWrite,
    Untyped,
    append_events,
    append_streams,
    get_events,
    set_owners,
    tombstone_stream,
    uuid7,
)
from events.types import owners
from nova.rest.tokens import create_token
from nova.services.identity.events import UserCreated
from tests.support.callers import bearer
from tests.support.database import scalar
from tests.support.events import WHEN, new_event, new_stream
from tests.support.problems import assert_problem

pytestmark = pytest.mark.usefixtures("redis_url", "db")

USER = UserCreated(user_id="u1", email="ann@example.org", created_at=WHEN)
ROW = {"id": "1", "source": "shop", "data": {"n": 1}}
MAP = """
name = "old"
{choice}
[stream]
type = "{aggregate_type}"
id = "s1"
[event]
type = "tea.brewed"
id = {{ field = "id" }}
source_service = {{ field = "source" }}
[payload]
object = "data"
"""


def nothing_is_written() -> bool:
    return (scalar("SELECT count(*) FROM domain_events"), scalar("SELECT count(*) FROM outbox_events")) == (0, 0)


def source_of(stream: StreamId) -> str:
    return get_events(stream)[-1].source_service


def test_another_service_is_refused_before_anything_is_written() -> None:
    own, post = new_stream("note"), new_stream("post")
    writes = [
        StreamWrite(stream=own, events=[new_event("a", source_service="shop")]),
        StreamWrite(stream=post, events=[new_event("b"), new_event("c", source_service="shop")]),
    ]

    with pytest.raises(SourceNotOwner, match="'post' belongs to 'content-service'") as refused:
        append_streams(writes)
    with pytest.raises(SourceNotOwner) as refused_alone:
        append_events(post, Expected.ANY, [new_event(source_service="shop")])
    with BatchWriter() as writer, pytest.raises(SourceNotOwner):
        writer.submit(writes)

    assert refused.value.pointer == "/1/events/1/source_service"
    assert refused_alone.value.pointer == "/0/source_service"
    assert (refused.value.owner, refused.value.source_service) == ("content-service", "shop")
    assert nothing_is_written()


def test_the_type_of_the_event_does_not_matter() -> None:
    """A service asks another one for something in a stream of its own."""
    post = new_stream("post")

    append_events(post, Expected.ANY, [NewEvent(payload=USER, source_service="content-service")])
    append_events(post, Expected.ANY, [NewEvent(payload=Untyped("tea.brewed", {}), source_service="content-service")])
    with pytest.raises(SourceNotOwner):
        append_events(post, Expected.ANY, [NewEvent(payload=USER, source_service="identity-service")])

    assert [event.event_type for event in get_events(post)] == ["user.created", "tea.brewed"]


@pytest.mark.parametrize(
    ("aggregate_type", "payload", "source"),
    [
        ("post", USER, "content-service"),
        ("post", Untyped("tea.brewed", {}), "content-service"),
        ("note", USER, "identity-service"),
        (
            "note",
            Untyped("user.deactivated", {"user_id": "u", "deactivated_at": WHEN.isoformat()}),
            "identity-service",
        ),
        ("note", Untyped("tea.brewed", {}), "nova"),
    ],
)
def test_what_is_left_out_is_the_owner_of_the_aggregate_or_else_of_the_type(
    aggregate_type: str, payload: Any, source: str
) -> None:
    stream = new_stream(aggregate_type)
    append_events(stream, Expected.ANY, [NewEvent(payload=payload)])
    assert source_of(stream) == source


def test_a_tombstone_comes_from_the_owner() -> None:
    stream = new_stream("post")
    append_events(stream, Expected.ANY, [new_event()])
    tombstone_stream(stream, reason="closed")
    assert source_of(stream) == "content-service"


def test_an_aggregate_that_nobody_owns_takes_events_from_anybody() -> None:
    stream = new_stream("note")
    append_events(stream, Expected.ANY, [new_event(source_service="shop")])
    assert source_of(stream) == "shop"


def test_a_repetition_of_what_was_appended_before_there_was_an_owner_gets_the_first_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owners, "_owners", {})
    set_owners({})
    stream, event = new_stream("post"), new_event(event_id=uuid7())
    first = append_events(stream, Expected.ANY, [event])

    set_owners({"post": "content-service"})

    again = append_events(stream, Expected.ANY, [event])
    assert (again.replayed, again.positions) == (True, first.positions)


def test_over_http_the_place_is_named() -> None:
    client = bearer(create_token("test", scopes={"events:append"})[0])
    event = {"event_type": "user.deleted", "payload": {"user_id": "u1", "deleted_at": WHEN.isoformat()}}
    foreign = event | {"source_service": "content-service"}
    write = {"aggregate_type": "user", "aggregate_id": "u1", "events": [event, foreign]}

    one = post(client, "streams/user/u1/events", [event, foreign])
    several = post(client, "transactions", [write])

    problem = assert_problem(one, 422, "source-not-owner")
    assert problem["errors"][0]["pointer"] == "/1/source_service"
    assert (problem["aggregate_type"], problem["owner"]) == ("user", "identity-service")
    problem = assert_problem(several, 422, "source-not-owner")
    assert problem["errors"][0]["pointer"] == "/0/events/1/source_service"
    assert nothing_is_written()
    assert post(client, "streams/user/u1/events", [event]).status_code == 201
    assert source_of(StreamId("user", "u1")) == "identity-service"


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")


@pytest.mark.parametrize(
    ("aggregate_type", "choice", "taken"),
    [
        ("post", "", False),
        ("post", "any_source = false", False),
        ("post", "any_source = true", True),
        ("tea", "", True),
    ],
)
def test_an_import_takes_other_services_events_where_the_map_says_so(
    tmp_path: Path, aggregate_type: str, choice: str, taken: bool
) -> None:
    (tmp_path / "old.ndjson").write_text(json.dumps(ROW))
    (tmp_path / "old.toml").write_text(MAP.format(aggregate_type=aggregate_type, choice=choice))
    rejects = tmp_path / "rejects.ndjson"

    call_command("import_events", str(tmp_path / "old.ndjson"), map=tmp_path / "old.toml", rejects=rejects)

    stream = StreamId(aggregate_type, "s1")
    assert [event.source_service for event in get_events(stream)] == (["shop"] if taken else [])
    assert rejects.exists() is not taken
    if not taken:
        assert "'post' belongs to 'content-service'" in json.loads(rejects.read_text())["reason"]
