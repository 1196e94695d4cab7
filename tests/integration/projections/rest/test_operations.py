"""Projections are operated over HTTP: what is asked wrongly is answered by name, and nothing ends in a 5xx (I12)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from projections.engine.engine import run_pass
from projections.models import ParkedAggregate, ProjectionCheckpoint, ProjectionOperation
from projections.operating.actions import ACTIONS
from tests.support.callers import client_with
from tests.support.projections import NOON, Recording, created, record

pytestmark = pytest.mark.usefixtures("no_schemas_left")
USERS = "/api/v1/projections/users"


@pytest.fixture
def api() -> APIClient:
    return client_with("operate")


def post(api: APIClient, verb: str, **body: Any) -> Any:
    return api.post(f"{USERS}/{verb}", {"reason": "a try"} | body, format="json")


def test_a_projection_is_paused_and_resumed_and_tells_of_it(api):
    answer = post(api, "pause")
    assert (answer.status_code, answer.json()["status"]) == (200, "paused")
    answer = post(api, "resume").json()
    assert answer["status"] == "running"
    assert [(one["verb"], one["actor"], one["reason"]) for one in answer["operations"]] == [
        ("resume", "test", "a try"),
        ("pause", "test", "a try"),
    ]


def test_a_failing_event_is_skipped_by_its_id(api):
    record(created("ann"))
    broken = Recording("users")
    broken.broken_at = "ann"
    run_pass(broken)
    shown = client_with("read-models:read").get(USERS).json()
    answer = post(api, "skip", event_id=shown["failed_event_id"])
    assert answer.status_code == 200
    assert [one["event_id"] for one in answer.json()["skipped_events"]] == [shown["failed_event_id"]]


def test_a_parked_aggregate_is_shown_and_released(api):
    record(created("ann"))
    ProjectionCheckpoint.objects.create(name="users", version=1, position=10, parked=1)
    ParkedAggregate.objects.create(
        projection="users",
        aggregate_type="user",
        aggregate_id="ann",
        position=1,
        version=1,
        event_id="01a1fdc7-9b20-72fb-9e11-26652c3c4e9f",
        error="ValueError: x",
        attempts=4,
        parked_at=NOON,
    )
    (shown,) = client_with("read-models:read").get(USERS).json()["parked_aggregates"]
    assert (shown["aggregate_type"], shown["aggregate_id"], shown["error"]) == ("user", "ann", "ValueError: x")
    answer = post(api, "release", aggregate_type="user", aggregate_id="ann")
    assert (answer.status_code, answer.json()["parked"], answer.json()["parked_aggregates"]) == (200, 0, [])


def test_what_does_not_hold_is_a_conflict(api):
    answer = post(api, "release", aggregate_type="user", aggregate_id="nobody")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:nova:problem:projection-verb-refused")
    assert post(api, "reset", position=2**52).status_code == 409
    assert not ProjectionOperation.objects.exists()


def test_operating_needs_its_scope():
    for verb in ACTIONS:
        assert post(client_with("read-models:read"), verb).status_code == 403
    assert not ProjectionCheckpoint.objects.filter(status="paused").exists()


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("pause", {"reason": ""}, "/reason"),
        ("pause", {"why": "x"}, ""),
        ("reset", {}, ""),
        ("reset", {"position": -1}, "/position"),
        ("reset", {"position": "1"}, "/position"),
        ("skip", {"event_id": "x"}, "/event_id"),
        ("release", {"aggregate_type": "", "aggregate_id": "a"}, "/aggregate_type"),
        ("release", {"aggregate_type": "a", "aggregate_id": "a", "leave_out": 1}, "/leave_out"),
    ],
)
def test_a_body_that_no_verb_takes_is_refused_at_its_place(api, verb, body, pointer):
    answer = post(api, verb, **body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_nobody_elses_name_is_found(api):
    assert api.post("/api/v1/projections/nobody/pause", {"reason": "x"}, format="json").status_code == 404
    assert api.post(f"{USERS}/explode", {"reason": "x"}, format="json").status_code == 404


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    verb=st.sampled_from(sorted(ACTIONS)),
    body=st.dictionaries(
        st.sampled_from(["reason", "position", "event_id", "aggregate_type", "aggregate_id", "leave_out", "swap"]),
        st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    ),
)
def test_no_body_ends_in_a_fault_of_ours(api, verb, body):
    assert api.post(f"{USERS}/{verb}", body, format="json").status_code < 500
