"""Event bodies: their description takes what an append takes, type by type."""

from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from msgspec import Struct

from events.conf import events_conf
from events.exceptions import InvalidEvent
from events.rest.event_bodies import UNREGISTERED, event_body, event_list, write_body
from events.rest.requests import EventBody, WriteBody, new_events
from events.types.registry import Registry, registry


def components() -> dict[str, Any]:
    """The components as the API's document has them."""
    _, structs = msgspec.json.schema_components([list[EventBody]], ref_template="#/components/schemas/{name}")
    return event_body(structs["EventBody"])


def validator() -> Draft202012Validator:
    """Validates one event."""
    return Draft202012Validator({"$ref": "#/components/schemas/EventBody", "components": {"schemas": components()}})


LIKED = {"event_type": "post.liked", "payload": {"post_id": "1", "user_id": "2"}}


def is_taken(body: dict[str, Any]) -> bool:
    """Whether an append would take the event."""
    try:
        new_events([body], events_conf())
    except InvalidEvent:
        return False
    return True


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"schema_version": 1},
        {"schema_version": None},
        {"schema_version": 2},
        {"schema_version": 0},
        {"payload": {"post_id": "1"}},
        {"payload": {"post_id": "1", "user_id": "2", "more": 1}},
        {"payload": {"post_id": 1, "user_id": "2"}},
        {"payload": []},
        {"event_type": "user.followed"},
        {"event_type": "nobody.knows"},
        {"event_type": ""},
        {"event_id": "0192f0c1-2f4e-7d3a-8000-000000000000"},
        {"user_id": "5"},
        {"metadata": {"ip": "::1", "deep": [{"is": None}]}},
        {"metadata": []},
        {"more": 1},
    ],
)
def test_the_description_takes_what_an_append_takes(change):
    body = LIKED | change

    assert validator().is_valid(body) == is_taken(body)


def test_each_type_that_clients_may_send_is_one_schema():
    described = components()["EventBody"]

    names = {known.name for known in registry} - {"stream.closed"}
    assert {ref["$ref"] for ref in described["oneOf"]} == {f"#/components/schemas/{name}" for name in names}
    assert described["discriminator"]["propertyName"] == "event_type"
    assert described["discriminator"]["mapping"].keys() == names


def test_unregistered_types_are_described_where_they_are_taken(settings):
    unknown = {"event_type": "nobody.knows", "payload": {"free": ["form"]}, "schema_version": 7}
    assert not validator().is_valid(unknown)

    settings.NOVA_ACCEPT_UNREGISTERED_EVENTS = True

    assert components()["EventBody"]["oneOf"][-1] == {"$ref": f"#/components/schemas/{UNREGISTERED}"}
    assert "discriminator" not in components()["EventBody"]
    for body in (unknown, LIKED, LIKED | {"payload": {}}, unknown | {"payload": []}, unknown | {"event_type": "?"}):
        assert validator().is_valid(body) == is_taken(body), body


def test_an_older_version_may_look_otherwise(monkeypatch):
    own = Registry()
    monkeypatch.setattr("events.rest.event_bodies.registry", own)

    class Moved(Struct, frozen=True, kw_only=True):
        to: str

    own.register(Moved, name="house.moved", version=3, owner="test")
    moved = {"event_type": "house.moved", "payload": {"to": "there"}}

    assert validator().is_valid(moved)
    assert validator().is_valid(moved | {"schema_version": 3})
    assert validator().is_valid(moved | {"schema_version": 2, "payload": {"town": "there"}})
    assert not validator().is_valid(moved | {"payload": {"town": "there"}})
    assert not validator().is_valid(moved | {"schema_version": 3, "payload": {"town": "there"}})
    assert not validator().is_valid(moved | {"schema_version": 4})


def test_an_append_has_as_many_events_as_the_settings_allow(settings):
    settings.NOVA_MAX_APPEND_EVENTS = 7
    _, structs = msgspec.json.schema_components([WriteBody], ref_template="#/components/schemas/{name}")

    assert event_list({"type": "array"})["EventBodyList"]["maxItems"] == 7
    assert write_body(structs["WriteBody"])["WriteBody"]["properties"]["events"]["maxItems"] == 7
