"""What is read over HTTP can be sent over HTTP, to the last digit and the last level."""

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given
from hypothesis import settings as run

from events.api import Expected, NewEvent, Untyped, append_events
from nova.rest.tokens import create_token
from tests.support.callers import bearer
from tests.support.events import new_stream
from tests.support.json_values import EDGES, JSON_OBJECTS, nested

PROPERTY = run(max_examples=25, suppress_health_check=list(HealthCheck))
ALL_EDGES = {f"n{place}": number for place, number in enumerate(EDGES)}


@pytest.fixture
def caller(db: None, redis_url: str) -> Client:
    client: Client = bearer(create_token("caller", scopes={"events:append", "events:read"})[0])
    return client


@PROPERTY
@given(payload=JSON_OBJECTS, metadata=JSON_OBJECTS)
@example(payload=ALL_EDGES, metadata=ALL_EDGES)
@example(payload=nested(64), metadata={"m": nested(63)})
def test_what_is_read_over_http_can_be_sent(
    caller: Client, settings: Any, payload: dict[str, Any], metadata: dict[str, Any]
) -> None:
    settings.NOVA_ACCEPT_UNREGISTERED_EVENTS = True
    metadata.pop("clock", None)
    first, second = new_stream("tea"), new_stream("tea")
    append_events(first, Expected.ANY, [NewEvent(payload=Untyped("tea.brewed", payload), metadata=metadata)])
    shown = caller.get(f"/api/v1/streams/{first}/events").json()["items"][0]

    # As JSON says it, and not as Python takes it.
    text = json.dumps([{name: shown[name] for name in ("event_type", "payload", "metadata")}])
    answer = caller.post(f"/api/v1/streams/{second}/events", text, content_type="application/json")

    assert answer.status_code == 201, answer.content
    again = caller.get(f"/api/v1/streams/{second}/events").json()["items"][0]
    del shown["metadata"]["clock"], again["metadata"]["clock"]
    assert json.dumps(again["payload"]) == json.dumps(shown["payload"])
    assert json.dumps(again["metadata"]) == json.dumps(shown["metadata"])
