"""Whoever follows a link that Nova gives arrives, whatever names and ids hold."""

import string
from urllib.parse import quote

import pytest
from django.test import Client

from events.api import StreamId, append_events, get_events, uuid7
from tests.support.console import client_of
from tests.support.events import new_event
from tests.support.problems import assert_problem
from tests.support.web import web

__all__ = ["web"]

EVENT = {"event_type": "user.followed", "payload": {"follower_id": "a", "followed_id": "b"}}
JSON = "application/json"
# Line and paragraph separators, which end a line of a header; blanks of other widths; letters of one to four bytes.
ODD = (
    *string.punctuation.replace("/", ""),
    *(" ", "\u00a0", "\u2028", "\u2029", "\u202e", "\u200b", "é", "ß", "Ж", "語", "\U0001f4a9"),
)
IDS = (
    *(f"a{character}b" for character in ODD),
    *(character for character in ODD if character != "."),
    *("%2F", "%00", "%252e", "...", ".a", "a.", "?limit=1", "a b\u2028#c?d=é&%", "\u2028" * 255),
)


def test_each_location_of_an_append_leads_to_its_events(web):
    for aggregate_id in IDS:
        target = f"/api/v1/streams/user/{quote(aggregate_id, safe='')}/events"
        event = EVENT | {"event_id": str(uuid7())}
        made, again = web.ask("POST", target, [event]), web.ask("POST", target, [event])
        assert (made.status_code, again.status_code) == (201, 201), aggregate_id
        assert made.headers["Location"] == again.headers["Location"]
        assert made.headers["Location"].isascii()
        followed = web.ask("GET", made.headers["Location"])
        assert followed.status_code == 200, aggregate_id
        (found,) = followed.json()["items"]
        assert (found["event_id"], found["aggregate_id"]) == (event["event_id"], aggregate_id)


def test_what_clients_take_out_of_an_address_names_no_stream(caller):
    for name in (".", ".."):
        write = [{"aggregate_type": "user", "aggregate_id": name, "events": [EVENT]}]
        document = assert_problem(caller.post("/api/v1/transactions", write, JSON), 422, "invalid-event")
        assert document["errors"][0]["pointer"] == "/0/aggregate_id"


@pytest.mark.parametrize(
    "form", [str, lambda uuid: str(uuid).upper(), lambda uuid: uuid.hex, lambda uuid: uuid.hex.upper()]
)
def test_an_event_id_is_taken_in_every_form_and_answered_in_one(caller, form):
    event_id, correlation_id = uuid7(), uuid7()
    event = EVENT | {"event_id": form(event_id), "correlation_id": form(correlation_id)}
    made = caller.post("/api/v1/streams/user/1/events", [event], JSON)
    assert made.json()["events"][0]["event_id"] == str(event_id)

    found = caller.get(f"/api/v1/events/{form(event_id)}")
    assert (found.status_code, found.json()["event_id"]) == (200, str(event_id))
    page = caller.get("/api/v1/events", {"correlation_id": form(correlation_id)})
    assert page.status_code == 200


@pytest.mark.parametrize(
    "text", ["{%s}", "urn:uuid:%s", "%s0", "0%s", "%s "], ids=["braces", "urn", "longer", "longer before", "blank"]
)
def test_what_is_no_event_id_is_not_found(caller, text):
    assert_problem(caller.get(f"/api/v1/events/{quote(text % uuid7())}"), 404, "not-found")


@pytest.fixture
def reader(db) -> Client:
    """Somebody who may look at the log."""
    return client_of("view_domainevent")


def test_each_link_of_the_console_to_a_stream_leads_to_its_events(reader):
    for aggregate_id in ("a b", " a ", "\u2028", "é", "\U0001f4a9", "a&b", "a+b", "100%", "a#b?c=d", "<i>", "'\""):
        stream = StreamId("post", aggregate_id)
        append_events(stream, 0, [new_event()])
        (event,) = get_events(stream)
        page = reader.get(f"/admin/events/domainevent/{event.position}/change/").content.decode()
        link = f"/admin/events/domainevent/?q={quote(str(stream), safe='').replace('%20', '+')}"
        assert f'href="{link}"' in page, aggregate_id
        listed = reader.get(link).content.decode()
        assert f"/admin/events/domainevent/{event.position}/change/" in listed, aggregate_id
