"""Operations on many sagas over HTTP: tried out, begun, followed, cancelled."""

from uuid import uuid4

import pytest

from sagas.api import work_off_operations
from sagas.models import SagaOperation, SagaState
from tests.support.lives_of_trips import live, stuck_trip
from tests.support.trips import TripRequested

pytestmark = pytest.mark.django_db
OPERATIONS = "/api/v1/sagas/operations"


def begin(caller, *, headers=None, **body):
    body = {"verb": "resume", "filter": {"status": "stuck"}, "reason": "the printer works", "rate": 1000} | body
    return caller.post(OPERATIONS, body, content_type="application/json", headers=headers or {})


def cancel(caller, number):
    return caller.post(f"{OPERATIONS}/{number}/cancel", {"reason": "enough"}, content_type="application/json")


def test_a_dry_run_tells_how_many_and_which_and_does_nothing(caller, trips):
    stuck_trip(trips, "a")
    stuck_trip(trips, "b")
    live(trips, "running", TripRequested)

    answer = begin(caller, dry_run=True)

    assert answer.status_code == 200
    assert answer.json()["total"] == 2
    assert [one["key"] for one in answer.json()["first"]] == ["a", "b"]
    assert not SagaOperation.objects.exists()


def test_one_is_begun_followed_and_ends(caller, trips):
    stuck_trip(trips, "a")
    begun = begin(caller)

    assert (begun.status_code, begun.json()["state"], begun.json()["pending"]) == (202, "queued", 1)
    work_off_operations(seconds=5)
    shown = caller.get(begun["Location"]).json()
    assert (shown["state"], shown["total"], shown["done"], shown["refused"]) == ("done", 1, 1, 0)
    assert (shown["actor"], shown["filter"], shown["arguments"]) == ("caller", {"status": "stuck"}, {})
    assert SagaState.objects.get().status == "running"
    assert [one["id"] for one in caller.get(OPERATIONS, {"state": "done"}).json()["items"]] == [shown["id"]]
    assert caller.get(OPERATIONS, {"state": "queued"}).json()["items"] == []


def test_what_was_refused_is_said(caller, trips):
    saga_id = live(trips, "t", TripRequested)
    begun = begin(caller, verb="retry", step="tickets", filter={"saga": "trip"})

    work_off_operations(seconds=5)

    shown = caller.get(begun["Location"]).json()
    assert (shown["state"], shown["done"], shown["refused"]) == ("done", 0, 1)
    assert shown["refused_instances"] == [
        {"saga_id": str(saga_id), "key": "t", "why_not": "cannot retry: step tickets is pending"}
    ]


def test_a_repeated_request_is_answered_with_the_same_operation(caller, trips):
    stuck_trip(trips)
    key = {"Idempotency-Key": str(uuid4())}
    first, second = begin(caller, headers=key), begin(caller, headers=key)

    assert second["Location"] == first["Location"]
    assert (first.get("Idempotency-Replayed"), second["Idempotency-Replayed"]) == (None, "true")
    assert begin(caller, headers=key, verb="cancel").json()["type"].endswith("idempotency-key-conflict")


def test_one_is_cancelled_once(caller, trips):
    stuck_trip(trips)
    number = begin(caller).json()["id"]

    assert cancel(caller, number).json()["state"] == "cancelled"
    again = cancel(caller, number)
    assert (again.status_code, again.json()["state"]) == (409, "cancelled")
    assert cancel(caller, number + 1).status_code == 404
    work_off_operations(seconds=1)
    assert SagaState.objects.get().status == "awaiting_operator"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"verb": "edit"}, "/verb"),
        ({"verb": "retry"}, "/step"),
        ({"verb": "resume", "step": "tickets"}, "/step"),
        ({"filter": {"status": "lost"}}, "/filter/status"),
        ({"filter": {"colour": "red"}}, "/filter"),
        ({"rate": 0}, "/rate"),
        ({"reason": ""}, "/reason"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(caller, body, pointer):
    answer = begin(caller, **body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


def test_beginning_and_looking_are_scopes_of_their_own(caller_with, trips):
    assert begin(caller_with("sagas:read")).status_code == 403
    assert begin(caller_with("sagas:operate")).status_code == 202
    assert caller_with("sagas:operate").get(OPERATIONS).status_code == 403
