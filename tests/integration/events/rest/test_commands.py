"""Commands and states over HTTP: what is asked for well is done, what is asked for badly is told why (I12)."""

import json
from typing import Any

import pytest
from django.test import Client

from events.api import Expected, NewEvent, StreamId, Untyped, append_events, uuid7
from nova.rest.tokens import create_token
from tests.support.database import scalar
from tests.support.problems import assert_problem

pytestmark = pytest.mark.usefixtures("redis_url", "db")

TEA = {"product_id": "tea", "quantity": 2, "unit_price": 500}
CREATE = {"aggregate_id": "o1", "customer_id": "ann", "currency": "EUR", "items": [TEA]}


class Api:
    """A client with a token of certain scopes."""

    def __init__(self, *scopes: str) -> None:
        token, _ = create_token("test", scopes=set(scopes))
        self._client = Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)

    def get(self, path: str, **parameters: Any) -> Any:
        return self._client.get(f"/api/v1/{path}", parameters)

    def command(self, name: str, body: Any, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body)
        return self._client.generic("POST", f"/api/v1/commands/{name}", data, "application/json", headers=headers)


@pytest.fixture
def api() -> Api:
    return Api("commands:execute", "events:read")


def test_a_command_answers_with_what_happened(api: Api) -> None:
    command_id = str(uuid7())
    response = api.command("order/create", CREATE | {"command_id": command_id})
    assert response.status_code == 201
    assert response.headers["ETag"] == '"1"'
    body = response.json()
    assert (body["aggregate_type"], body["aggregate_id"], body["version"]) == ("order", "o1", 1)
    assert body["command_id"] == command_id
    (event,) = body["events"]
    assert (event["event_type"], event["version"], event["payload"]["items"]) == ("order.created", 1, [TEA])


def test_a_repetition_gets_the_first_answer(api: Api) -> None:
    body = CREATE | {"command_id": str(uuid7())}
    first = api.command("order/create", body)
    again = api.command("order/create", body)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert_problem(api.command("order/create", body | {"customer_id": "bob"}), 409, "command-id-conflict")


def test_what_is_so_already_is_no_error(api: Api) -> None:
    user = {"aggregate_id": "u1", "email": "a@b.org", "name": "Ann"}
    api.command("user/create", user)
    response = api.command("user/change_name", {"aggregate_id": "u1", "name": "Ann"})
    assert (response.status_code, response.json()["events"], response.json()["version"]) == (200, [], 1)


def test_a_refusal_has_a_code_and_a_reason(api: Api) -> None:
    api.command("order/create", CREATE)
    problem = assert_problem(
        api.command("order/ship", {"aggregate_id": "o1", "tracking_number": "T"}), 422, "command-refused"
    )
    assert (problem["code"], problem["detail"]) == ("wrong_order_status", "the order is open, not paid")


def test_a_dry_run_says_what_would_happen_and_does_nothing(api: Api) -> None:
    response = api.command("order/create?dry_run=true", CREATE)
    assert (response.status_code, response.headers["ETag"]) == (200, '"0"')
    (event,) = response.json()["events"]
    assert (event["event_type"], event["version"], event["payload"]["items"]) == ("order.created", 1, [TEA])
    assert scalar("SELECT count(*) FROM domain_events") == 0
    api.command("order/create?dry_run=false", CREATE)
    add = {"aggregate_id": "o1"} | TEA
    problem = api.command("order/add_item?dry_run=true", add, **{"If-Match": '"3"'})
    assert_problem(problem, 412, "version-conflict")
    assert_problem(
        api.command("order/ship?dry_run=true", {"aggregate_id": "o1", "tracking_number": "T"}), 422, "command-refused"
    )
    assert_problem(api.command("order/add_item?dry_run=perhaps", add), 400, "invalid-parameter")
    assert_problem(api.command("order/add_item?dryrun=true", add), 400, "invalid-parameter")
    assert scalar("SELECT count(*) FROM domain_events") == 1


def test_a_command_may_expect_a_version(api: Api) -> None:
    api.command("order/create", CREATE)
    add = {"aggregate_id": "o1"} | TEA
    assert api.command("order/add_item", add, **{"If-Match": '"1"'}).status_code == 201
    problem = assert_problem(api.command("order/add_item", add, **{"If-Match": '"1"'}), 412, "version-conflict")
    assert (problem["expected"], problem["actual"]) == (1, 2)
    assert_problem(api.command("order/add_item", add, **{"If-Match": "1"}), 400, "invalid-parameter")


@pytest.mark.parametrize(
    ("body", "status", "slug", "pointer"),
    [
        (b"[]", 422, "invalid-command", ""),
        (b"{", 400, "invalid-json", ""),
        ({}, 422, "invalid-command", "/aggregate_id"),
        (CREATE | {"aggregate_id": 1}, 422, "invalid-command", "/aggregate_id"),
        (CREATE | {"aggregate_id": "a/b"}, 422, "invalid-event", "/aggregate_id"),
        (CREATE | {"aggregate_id": ""}, 422, "invalid-event", "/aggregate_id"),
        (CREATE | {"command_id": "x"}, 422, "invalid-command", "/command_id"),
        (CREATE | {"command_id": 1}, 422, "invalid-command", "/command_id"),
        (CREATE | {"one_at_a_time": "yes"}, 422, "invalid-command", "/one_at_a_time"),
        (CREATE | {"one_at_a_time": None}, 422, "invalid-command", "/one_at_a_time"),
        (CREATE | {"colour": "red"}, 422, "invalid-command", ""),
        (CREATE | {"currency": "euro"}, 422, "invalid-command", "/currency"),
        (CREATE | {"items": [TEA | {"quantity": 0}]}, 422, "invalid-command", "/items/0/quantity"),
        (CREATE | {"items": [TEA | {"unit_price": 1.5}]}, 422, "invalid-command", "/items/0/unit_price"),
        (CREATE | {"items": [TEA | {"unit_price": -1}]}, 422, "invalid-command", "/items/0/unit_price"),
        (CREATE | {"items": [TEA] * 1_001}, 422, "invalid-command", "/items"),
        (CREATE | {"items": [TEA | {"product_id": "\0"}]}, 400, "invalid-json", "/items/0/product_id"),
    ],
)
def test_a_body_that_is_no_command(api: Api, body: Any, status: int, slug: str, pointer: str) -> None:
    problem = assert_problem(api.command("order/create", body), status, slug)
    assert problem["errors"][0]["pointer"] == pointer
    assert scalar("SELECT count(*) FROM domain_events") == 0


def test_what_nobody_knows(api: Api) -> None:
    assert "order" in assert_problem(api.command("ordre/create", CREATE), 404, "aggregate-type-not-found")["known"]
    assert "create" in assert_problem(api.command("order/crate", CREATE), 404, "command-not-found")["known"]
    assert_problem(api.get("aggregates/ordre/o1"), 404, "aggregate-type-not-found")
    assert_problem(api.get("aggregates/order/o1"), 404, "stream-not-found")
    assert_problem(api.get("aggregates/order/o1", version=0), 404, "stream-not-found")
    assert_problem(api.get("aggregates/order/o1", at="2025-01-15T10:30:00Z"), 404, "stream-not-found")
    api.command("order/create", CREATE)
    assert assert_problem(api.get("aggregates/order/o1", version=2), 404, "version-not-found")["actual"] == 1


@pytest.mark.parametrize(
    ("command", "fields", "code"),
    [
        ("order/deliver", {}, "order_not_found"),
        ("user/change_name", {"name": "Ann"}, "user_not_active"),
        ("user/deactivate", {}, "user_not_active"),
        ("post/publish", {}, "post_not_there"),
        ("comment/remove", {"removed_by": "ann"}, "comment_not_there"),
        ("media/fail_upload", {"reason": "x"}, "upload_not_running"),
        ("conversation/switch_search", {"enabled": True}, "conversation_not_found"),
    ],
)
@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_a_command_to_what_is_not_there(api: Api, command: str, fields: dict[str, Any], code: str, query: str) -> None:
    response = api.command(command + query, {"aggregate_id": "none"} | fields)
    assert assert_problem(response, 404, "stream-not-found")["code"] == code


def test_a_command_to_what_is_there_no_more_is_refused_by_the_rules(api: Api) -> None:
    api.command("comment/add", {"aggregate_id": "c1", "post_id": "p1", "author_id": "ann"})
    api.command("comment/remove", {"aggregate_id": "c1", "removed_by": "ann"})
    problem = assert_problem(
        api.command("comment/remove", {"aggregate_id": "c1", "removed_by": "ann"}), 422, "command-refused"
    )
    assert problem["code"] == "comment_not_there"


def test_commands_need_their_scope() -> None:
    assert_problem(Api("events:append", "events:read").command("order/create", CREATE), 403, "insufficient-scope")


def test_the_state_now_and_then_and_what_changed(api: Api) -> None:
    api.command("order/create", CREATE)
    api.command("order/add_item", {"aggregate_id": "o1", "product_id": "cup", "quantity": 1, "unit_price": 900})
    api.command("order/cancel", {"aggregate_id": "o1", "reason": "x"})

    now = api.get("aggregates/order/o1").json()
    assert (now["version"], now["state"]["status"]) == (3, "cancelled")
    then = api.get("aggregates/order/o1", version=1)
    assert then.headers["ETag"] == '"1"'
    assert then.json()["state"]["lines"] == {"tea": {"quantity": 2, "unit_price": 500}}
    assert api.get("aggregates/order/o1", version=0).json()["state"]["status"] == "none"
    assert api.get("aggregates/order/o1", at="2999-01-01T00:00:00Z").json()["version"] == 3
    assert api.get("aggregates/order/o1", at="1999-01-01T00:00:00+02:00").json()["version"] == 0

    changes = api.get("aggregates/order/o1/diff", **{"from": 1, "to": 3}).json()["changes"]
    assert [(change["pointer"], change["change"]) for change in changes] == [
        ("/cancelled_for", "changed"),
        ("/lines/cup", "added"),
        ("/status", "changed"),
    ]
    back = api.get("aggregates/order/o1/diff", **{"from": 3, "to": 1}).json()["changes"]
    assert [(change["pointer"], change["change"]) for change in back] == [
        ("/cancelled_for", "changed"),
        ("/lines/cup", "removed"),
        ("/status", "changed"),
    ]


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("", {"version": "x"}),
        ("", {"version": "-1"}),
        ("", {"version": str(2**63)}),
        ("", {"at": "yesterday"}),
        ("", {"at": "2025-01-15T10:30:00"}),
        ("", {"at": "\0"}),
        ("", {"colour": "red"}),
        ("/diff", {"from": "x", "to": "1"}),
    ],
)
def test_a_bad_parameter_is_named(api: Api, path: str, parameters: dict[str, str]) -> None:
    problem = assert_problem(api.get(f"aggregates/order/o1{path}", **parameters), 400, "invalid-parameter")
    assert problem["errors"][0]["parameter"] == next(iter(parameters))


def test_both_versions_of_a_comparison_are_needed(api: Api) -> None:
    assert_problem(api.get("aggregates/order/o1/diff", to="1"), 400, "invalid-parameter")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_at_the_edge_of_the_calendar(api: Api, at: str) -> None:
    api.command("order/create", CREATE)
    assert api.get("aggregates/order/o1", at=at).status_code < 500


def test_an_event_that_cannot_be_read_is_not_passed_over(api: Api) -> None:

    api.command("order/create", CREATE)
    newer = NewEvent(payload=Untyped("order.paid", {"sum": 1}, 99))
    append_events(StreamId("order", "o1"), Expected.ANY, [newer])
    assert_problem(api.get("aggregates/order/o1"), 409, "unreadable-stream")
    assert_problem(api.command("order/cancel", {"aggregate_id": "o1", "reason": "x"}), 409, "unreadable-stream")
    assert api.get("aggregates/order/o1", version=1).status_code == 200
