"""Sagas over HTTP: listed, looked at, operated, and refused what makes no sense."""

from typing import get_args
from uuid import uuid4

import pytest

from sagas.api import saga_id_of
from sagas.machine.instance import Status
from sagas.models import SagaState, SagaTransition
from sagas.operating.selection import StatusName
from tests.support.lives_of_trips import live, stuck_trip
from tests.support.trips import HotelBooked, TicketsIssued, TripRequested

pytestmark = pytest.mark.django_db
SAGAS = "/api/v1/sagas"


def operate(caller, saga_id, verb, **body):
    body = {"reason": "a try"} | body
    return caller.post(f"{SAGAS}/{saga_id}/{verb}", body, content_type="application/json")


def test_instances_are_listed_and_filtered(caller, trips):
    stuck = stuck_trip(trips, "t1")
    live(trips, "t2", TripRequested)

    assert [one["key"] for one in caller.get(SAGAS).json()["items"]] == ["t2", "t1"]
    found = caller.get(SAGAS, {"status": "awaiting_operator"}).json()["items"]
    assert [(one["saga_id"], one["current_step"], one["error"]) for one in found] == [
        (str(stuck), "tickets", "tickets: TicketsFailed")
    ]
    assert [one["key"] for one in caller.get(SAGAS, {"key": "t2", "saga": "trip"}).json()["items"]] == ["t2"]
    correlation = SagaState.objects.get(key="t1").correlation_id
    assert [one["key"] for one in caller.get(SAGAS, {"correlation_id": str(correlation)}).json()["items"]] == ["t1"]


def test_every_status_can_be_asked_for_and_nothing_else(caller):
    assert set(get_args(StatusName)) == {*Status, "stuck"}
    assert caller.get(SAGAS, {"status": "lost"}).status_code == 400


def test_pages_follow_each_other(caller, trips):
    for number in range(5):
        live(trips, f"t{number}", TripRequested)
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = caller.get(SAGAS, {"limit": 2} | after).json()
        seen += [one["key"] for one in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}

    assert seen == ["t4", "t3", "t2", "t1", "t0"]


def test_an_instance_is_shown_with_what_it_waits_for_and_how_it_came_there(caller, trips):
    saga_id = live(trips, "t", TripRequested, HotelBooked)

    shown = caller.get(f"{SAGAS}/{saga_id}").json()

    assert shown["waits_for"].startswith("a reply to flight since ")
    assert "until" in shown["waits_for"]
    assert {step["name"]: step["status"] for step in shown["steps"]} == {
        "approval": "skipped",
        "hotel": "done",
        "flight": "running",
        "charge": "pending",
        "tickets": "pending",
    }
    assert [one["cause_type"] for one in shown["transitions"]] == ["trip.requested", "hotel.booked"]
    assert [one["event_type"] for one in shown["transitions"][0]["requests"]] == [
        "hotel.booking_requested",
        "flight.booking_requested",
    ]
    assert shown["data"]["room"] == "12"


def test_an_operator_sets_one_right(caller, trips):
    saga_id = stuck_trip(trips)

    edited = operate(caller, saga_id, "edit", data={"trip_id": "t", "people": 2, "room": "99"})
    assert edited.json()["data"]["room"] == "99"
    retried = operate(caller, saga_id, "retry", step="tickets")
    assert (retried.status_code, retried.json()["status"]) == (200, "running")
    live(trips, "t", TicketsIssued)

    assert SagaState.objects.get().status == "completed"
    kept = SagaTransition.objects.filter(cause="operator").order_by("number")
    assert [(one.cause_type, one.actor, one.reason) for one in kept] == [
        ("edit", "caller", "a try"),
        ("retry", "caller", "a try"),
    ]


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("resume", {}, "running"),
        ("skip", {"step": "tickets"}, "completed"),
        ("compensate", {}, "compensating"),
        ("cancel", {}, "failed"),
    ],
)
def test_every_verb_takes_effect(caller, trips, verb, body, status):
    answer = operate(caller, stuck_trip(trips), verb, **body)

    assert (answer.status_code, answer.json()["status"]) == (200, status)


def test_what_its_state_does_not_allow_is_refused(caller, trips):
    saga_id = live(trips, "t", TripRequested)

    answer = operate(caller, saga_id, "resume")

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("saga-verb-refused")
    assert answer.json()["detail"] == "cannot resume: it is running, and waits for no operator"


def test_data_that_cannot_be_are_refused_with_their_place(caller, trips):
    answer = operate(caller, stuck_trip(trips), "edit", data={"trip_id": "t", "people": "two"})

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("invalid-saga-data")
    assert answer.json()["errors"][0]["pointer"] == "/people"


def test_a_body_without_what_it_needs_is_refused(caller, trips):
    saga_id = stuck_trip(trips)

    assert operate(caller, saga_id, "retry").status_code == 422
    assert operate(caller, saga_id, "resume", reason="").status_code == 422
    assert operate(caller, saga_id, "resume", step="tickets").status_code == 422


def test_an_unknown_one_is_not_found(caller):
    assert caller.get(f"{SAGAS}/{uuid4()}").json()["type"].endswith("saga-not-found")
    assert operate(caller, uuid4(), "resume").status_code == 404


def test_an_instance_whose_definition_is_gone_is_shown_and_not_operated(caller, trips):
    live(trips, "t", TripRequested)
    SagaState.objects.update(shape="0" * 16)
    saga_id = saga_id_of("trip", "t")

    assert "no code here has" in caller.get(f"{SAGAS}/{saga_id}").json()["waits_for"]
    assert operate(caller, saga_id, "cancel").json()["type"].endswith("saga-definition-missing")


def test_reading_and_operating_are_scopes_of_their_own(caller_with, trips):
    saga_id = stuck_trip(trips)
    reader = caller_with("sagas:read")

    assert reader.get(SAGAS).status_code == 200
    assert operate(reader, saga_id, "resume").status_code == 403
    assert caller_with("sagas:operate").get(SAGAS).status_code == 403
