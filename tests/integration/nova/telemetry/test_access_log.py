"""Each request leaves one line, which tells nothing about people."""

import json
import logging

import pytest
from django.test import Client

from nova.rest.tokens import create_token
from tests.support.callers import bearer


@pytest.fixture
def access(caplog):
    """The access log's entries so far."""
    caplog.set_level(logging.INFO, logger="nova.access")
    return lambda: [record.msg for record in caplog.records if record.name == "nova.access"]


def test_a_request_leaves_one_line_with_route_status_and_duration(db, access):
    token, _ = create_token("probe", scopes=["events:read"])
    response = bearer(token).get("/api/v1/streams/user/ada@example.org/events?limit=1")
    (entry,) = access()
    assert (entry["method"], entry["status"]) == ("GET", 404)
    assert entry["route"] == "api/v1/streams/<str:aggregate_type>/<str:aggregate_id>/events"
    assert entry["duration_ms"] > 0
    assert entry["correlation_id"] == response.headers["X-Correlation-ID"]
    assert token not in str(entry)
    assert "ada@example.org" not in str(entry)


def test_an_address_that_nobody_knows_is_not_repeated_in_the_log(db, access):
    Client().get("/api/v1/secret-name")
    (entry,) = access()
    assert entry["route"] is None
    assert "secret-name" not in str(entry)


def test_probes_are_quiet(db, access):
    Client().get("/health/live")
    assert access() == []


def test_the_log_of_a_request_holds_neither_token_nor_address(db, capfd, caplog):
    token, _ = create_token("probe", scopes=["events:read"])
    bearer(token).get("/api/v1/events?unknown=ada@example.org")
    bearer(token + "x").get(f"/api/v1/{token}")
    assert token not in caplog.text
    assert "ada@example.org" not in caplog.text


def test_an_append_names_its_events(db, access):
    token, _ = create_token("probe", scopes=["events:append"])
    event = {"event_type": "post.liked", "payload": {"post_id": "p", "user_id": "ada@example.org"}}
    appended = bearer(token).post(
        "/api/v1/streams/reactions/p/events", json.dumps([event, event]), content_type="application/json"
    )
    (entry,) = access()
    assert entry["event_ids"] == [event["event_id"] for event in appended.json()["events"]]
    assert entry["events"] == 2
    assert "ada@example.org" not in str(entry)
