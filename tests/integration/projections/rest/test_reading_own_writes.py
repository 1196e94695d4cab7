"""A client reads what it has written: answers say positions, and queries wait for one."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from events.api import last_position
from nova.rest.tokens import create_token
from nova.services.identity.projections import PROJECTION
from projections.definition.registry import projection_named
from projections.models import ProjectionCheckpoint
from tests.support.callers import bearer
from tests.support.problems import assert_problem
from tests.support.projections import catch_up, created, record

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")


@pytest.fixture
def api() -> Client:
    client: Client = bearer(create_token("writer", scopes=["read-models:read", "events:append", "commands:execute"])[0])
    return client


def append(api: Client, user_id: str = "ann") -> Any:
    payload = {"user_id": user_id, "username": user_id, "email": "a@example.org", "created_at": "2025-01-15T12:00:00Z"}
    event = {"event_type": "identity.user.created", "payload": payload}
    answer = api.post(f"/api/v1/streams/user/{user_id}/events", [event], content_type="application/json")
    assert answer.status_code == 201, answer.content
    return answer


def waiting(api: Client, address: str, position: object) -> Any:
    return api.get(f"/api/v1/{address}", headers={"Prefer": f"wait={position}"})


def test_every_answer_that_has_appended_says_the_last_position(api):
    first = append(api)
    assert first["Nova-Position"] == str(first.json()["events"][-1]["position"])

    event = {"event_type": "post.liked", "payload": {"post_id": "p", "user_id": "ann"}}
    writes = [{"aggregate_type": "post", "aggregate_id": one, "events": [event, event]} for one in ("p", "q")]
    several = api.post("/api/v1/transactions", writes, content_type="application/json")
    assert several.status_code == 201, several.content
    assert several["Nova-Position"] == str(last_position())

    command = {"aggregate_id": "u1", "email": "u1@example.org", "name": "U"}
    executed = api.post("/api/v1/commands/user/create", command, content_type="application/json")
    assert executed.status_code == 201, executed.content
    assert executed["Nova-Position"] == str(last_position())


def test_a_query_waits_until_the_projection_has_the_event_and_says_so(api):
    position = append(api)["Nova-Position"]

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(_in_a_thread, lambda: waiting(api, "users/ann", position))
        catch_up(PROJECTION)
        answer = asking.result()

    assert answer.status_code == 200, answer.content
    assert answer["Preference-Applied"] == f"wait={position}"
    assert int(answer["Nova-Position"]) >= int(position)


@pytest.mark.parametrize(
    ("projection", "address", "status"),
    [
        ("posts", "content/posts", 200),
        ("posts", "content/posts/nobody-knows", 404),
        ("posts", "content/comments?post_id=p", 200),
        ("follow-graph", "graph/counts/ann", 200),
        ("follow-graph", "graph/followers/ann", 200),
        ("follow-graph", "graph/following/ann", 200),
        ("follow-graph", "graph/suggestions/ann", 200),
        ("orders", "orders", 200),
        ("orders", "orders/nobody-knows", 404),
        ("orders", "order-totals?customer_id=ann", 200),
        ("ranking", "ranking/posts", 200),
    ],
)
def test_queries_of_all_projections_do(api, projection, address, status):
    position = append(api)["Nova-Position"]
    catch_up(projection_named(projection))

    answer = waiting(api, address, position)

    assert answer.status_code == status, answer.content
    assert (answer["Nova-Position"], answer["Preference-Applied"]) == (position, f"wait={position}")


def _in_a_thread(ask: Any) -> Any:
    try:
        return ask()
    finally:
        connection.close()


def test_without_a_worker_the_answer_is_what_there_is_after_a_bounded_time(api, settings):
    settings.NOVA_PROJECTION_WAIT_TIMEOUT = 0.2
    append(api, "bob")
    catch_up(PROJECTION)
    before = last_position()
    position = append(api)["Nova-Position"]
    began = time.monotonic()

    listed = waiting(api, "users", position)
    missing = waiting(api, "users/ann", position)

    assert time.monotonic() - began < 10
    assert [user["user_id"] for user in listed.json()["items"]] == ["bob"]
    for answer in (listed, missing):
        assert "Preference-Applied" not in answer
        assert answer["Nova-Position"] == str(before)
    assert_problem(missing, 404, "user-not-found")


def test_a_position_that_the_log_has_not_come_to_is_refused(api):
    position = int(append(api)["Nova-Position"])
    catch_up(PROJECTION)

    for wanted in (position + 1, 10**18 - 1, "soon"):
        answer = waiting(api, "users", wanted)
        problem = assert_problem(answer, 400, "invalid-parameter")
        assert problem["errors"][0]["parameter"] == "Prefer"


def test_an_answer_of_tables_that_were_moved_back_meanwhile_does_not_claim_the_event(api, monkeypatch):
    position = append(api)["Nova-Position"]
    catch_up(PROJECTION)
    ProjectionCheckpoint.objects.update(position=0)
    monkeypatch.setattr("projections.rest.read_models.wait_for", lambda *_: True)

    answer = waiting(api, "users", position)

    assert answer["Nova-Position"] == "0"
    assert "Preference-Applied" not in answer


def test_what_handlers_keep_waits_for_the_event_and_names_no_position_of_its_own(api, settings):
    settings.NOVA_PROJECTION_WAIT_TIMEOUT = 0.1
    record(created())
    ignored = waiting(api, "search?q=nobody", 0)
    late = waiting(api, "analytics/events", last_position())

    assert ignored["Preference-Applied"] == "wait=0"
    assert "Preference-Applied" not in late
    assert "Nova-Position" not in late
