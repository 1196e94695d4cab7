"""What an operation does not know is refused, and nothing of the request is done; each address says what it knows."""

from typing import Any

import pytest
from django.test import Client

from events.api import StreamId, get_events
from nova.rest.openapi import description
from tests.support.operations import PATHS, address, every_operation, every_path, every_write, parameters
from tests.support.problems import assert_problem

JSON = "application/json"
CONDITIONS = (
    *("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"),
    "Idempotency-Key",
)
TEA = {"product_id": "tea", "quantity": 2, "unit_price": 500}
CREATE = {"aggregate_id": "o1", "customer_id": "ann", "currency": "EUR", "items": [TEA]}
FOLLOWED = {"event_type": "user.followed", "payload": {"follower_id": "a", "followed_id": "b"}}
WRITE = {"aggregate_type": "user", "aggregate_id": "1", "events": [FOLLOWED]}


def refused(response: Any) -> str:
    """The parameter that was refused."""
    (error,) = assert_problem(response, 400, "invalid-parameter")["errors"]
    return str(error["parameter"])


@every_operation
def test_an_unknown_parameter_is_refused(caller, method, path, operation):
    assert refused(caller.generic(method.upper(), f"{address(path)}?no_such=1", "{}", JSON)) == "no_such"


@every_write
def test_a_condition_that_the_operation_does_not_know_is_refused(caller, method, path, operation):
    unknown = [name for name in CONDITIONS if name not in parameters(operation, "header")]
    assert unknown
    for name in unknown:
        assert refused(caller.generic(method.upper(), address(path), "{}", JSON, headers={name: '"1"'})) == name


@every_write
def test_a_body_in_an_encoding_is_not_understood(caller, method, path, operation):
    for encoding in ("gzip", "GZIP", "br", "identity, deflate", "x"):
        response = caller.generic(method.upper(), address(path), "{}", JSON, headers={"Content-Encoding": encoding})
        assert_problem(response, 415, "unsupported-media-type")
        assert response.headers["Accept-Encoding"] == "identity"
    plain = caller.generic(method.upper(), address(path), "{}", JSON, headers={"Content-Encoding": "Identity"})
    assert plain.status_code != 415


def test_a_parameter_given_twice_is_refused(caller):
    assert refused(caller.get("/api/v1/events?limit=1&limit=2")) == "limit"


def test_a_dry_run_where_there_is_none_does_nothing(caller):
    body = {"verb": "discard", "filter": {}, "reason": "a try"}
    assert refused(caller.post("/api/v1/operations?dry_run=true", body, JSON)) == "dry_run"
    assert caller.get("/api/v1/operations").json()["items"] == []


def test_a_dry_run_refuses_a_key_that_is_none(caller):
    body = {"verb": "discard", "filter": {}, "reason": "a try", "dry_run": True}
    assert refused(caller.post("/api/v1/operations", body, JSON, headers={"Idempotency-Key": "7"})) == "Idempotency-Key"


def test_a_condition_on_a_transaction_does_nothing(caller):
    for name in ("If-Match", "If-None-Match"):
        assert refused(caller.post("/api/v1/transactions", [WRITE], JSON, headers={name: "*"})) == name
    assert get_events(StreamId("user", "1")) == []


def test_an_installation_may_insist_on_a_version_in_transactions_too(caller, settings):
    settings.NOVA_REQUIRE_EXPECTED_VERSION = True
    for write in (WRITE, WRITE | {"expected_version": "any"}):
        answer = caller.post(
            "/api/v1/transactions", [WRITE | {"aggregate_id": "0", "expected_version": 0}, write], JSON
        )
        assert "/1/expected_version" in assert_problem(answer, 428, "precondition-required")["detail"]
    assert get_events(StreamId("user", "0")) == []
    for version in ("no_stream", 1, "stream_exists"):
        done = caller.post("/api/v1/transactions", [WRITE | {"expected_version": version}], JSON)
        assert done.status_code == 201, version


def members(schema: Any, components: dict[str, Any], seen: frozenset[str] = frozenset()) -> Any:
    """The schemas of objects with members of their own inside a schema, conditions on such objects left out."""
    if isinstance(schema, list):
        for part in schema:
            yield from members(part, components, seen)
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in seen:
            yield from members(components[name], components, seen | {name})
        return
    if "properties" in schema and schema.get("type") == "object":
        yield schema
    for part in schema.values():
        yield from members(part, components, seen)


@every_write
def test_a_member_that_a_body_does_not_know_is_refused(caller, method, path, operation):
    components = description()["components"]["schemas"]
    body = operation["requestBody"]["content"][JSON]["schema"]
    found = list(members(body, components))
    assert found
    assert [schema.get("title") for schema in found if schema.get("additionalProperties") is not False] == []


def test_a_member_deep_inside_a_command_is_refused(caller):
    body = CREATE | {"items": [TEA | {"colour": "green"}]}
    document = assert_problem(caller.post("/api/v1/commands/order/create", body, JSON), 422, "invalid-command")
    assert document["errors"][0]["pointer"].startswith("/items/0")


@every_path
def test_options_names_the_methods_and_says_nothing_else(caller, path):
    response = caller.options(address(path))
    assert (response.status_code, response.content) == (200, b"")
    allowed = set(response.headers["Allow"].split(", "))
    assert allowed - {"HEAD"} == {method.upper() for method in PATHS[path]} | {"OPTIONS"}
    assert_problem(Client().options(address(path)), 401, "unauthenticated")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/api/schema/", "/api/docs/"])
def test_options_of_what_is_open_to_all_says_nothing_else_either(db, redis_url, path):
    response = Client().options(path)
    assert response.status_code in {200, 204}
    assert response.content == b""
    assert {"GET", "OPTIONS"} <= set(response.headers["Allow"].split(", "))
