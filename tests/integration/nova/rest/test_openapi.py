"""The description of the API is valid, complete, and the committed one."""

from io import StringIO

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.test import Client
from drf_spectacular.validation import validate_schema
from jsonschema import ValidationError  # type: ignore[import-untyped]

from events.api import aggregates
from nova.rest.openapi import description
from tests.support.problems import MEDIA_TYPE, assert_problem


def test_the_description_is_valid():
    document = description()

    assert document["openapi"] == "3.1.0"
    validate_schema(document)
    with pytest.raises(ValidationError, match="'title' is a required property"):
        validate_schema({"openapi": "3.1.0", "info": {"version": "1"}, "paths": {}})


def operations():
    """Path, method and description of each operation."""
    return [
        (path, method, operation)
        for path, methods in description()["paths"].items()
        for method, operation in methods.items()
    ]


def operation_of(operation_id):
    """The operation of this id."""
    return next(one for _, _, one in operations() if one["operationId"] == operation_id)


def resolved(part):
    """What a reference leads to."""
    found = description()
    for step in part["$ref"].removeprefix("#/").split("/") if "$ref" in part else ():
        found = found[step]
    return found if "$ref" in part else part


def test_every_operation_names_its_scope_and_its_errors():
    for path, method, operation in operations():
        assert operation["security"][0]["token"], (method, path)
        responses = operation["responses"]
        assert {"400", "401", "403", "405", "406", "429", "503"} <= responses.keys(), (method, path)
        assert ("404" in responses) >= ("{" in path), (method, path)
        assert ("requestBody" in operation) == ({"413", "415", "422"} <= responses.keys()), (method, path)
        for status in (status for status in responses if status >= "4"):
            schema = resolved(responses[status])["content"][MEDIA_TYPE]["schema"]
            assert schema["$ref"] == "#/components/schemas/Problem"
            assert schema["properties"]["status"] == {"const": int(status)}


def test_an_operation_names_the_problems_of_its_own_rules():
    responses = operation_of("append_events")["responses"]

    def types(status):
        schema = resolved(responses[status])["content"][MEDIA_TYPE]["schema"]
        return {slug.removeprefix("urn:nova:problem:") for slug in schema["properties"]["type"]["enum"]}

    assert types("409") == {"append-refused", "event-id-conflict", "stream-tombstoned"}
    assert types("412") == {"version-conflict"}
    assert types("413") == {"body-too-large", "event-too-large"}
    assert types("422") == {"invalid-event", "source-not-owner", "unknown-event-type"}
    assert types("428") == {"precondition-required"}


def test_problems_have_the_headers_that_belong_to_them():
    for status, header in {
        "401": "WWW-Authenticate",
        "405": "Allow",
        "429": "Retry-After",
        "503": "Retry-After",
    }.items():
        assert header in resolved(operation_of("read_log")["responses"][status])["headers"]


def test_answers_have_their_headers():
    created = operation_of("append_events")["responses"]["201"]["headers"]
    assert created.keys() >= {"ETag", "Location", "Idempotency-Replayed", "X-Correlation-ID"}
    assert created["ETag"]["required"]
    assert "required" not in created["Idempotency-Replayed"]
    assert "ETag" in operation_of("get_aggregate")["responses"]["200"]["headers"]
    assert "Location" in operation_of("start_operation")["responses"]["202"]["headers"]


def test_a_dry_run_is_an_answer_of_its_own():
    assert operation_of("execute_command_order_pay")["responses"].keys() >= {"200", "201"}
    responses = operation_of("start_operation")["responses"]
    for status, schema in {"200": "DryRun", "202": "OperationView"}.items():
        assert responses[status]["content"]["application/json"]["schema"]["$ref"] == f"#/components/schemas/{schema}"


def test_a_body_is_needed_where_there_is_one():
    bodies = [operation["requestBody"] for _, _, operation in operations() if "requestBody" in operation]

    assert bodies
    assert all(body["required"] for body in bodies)


def test_each_command_is_an_operation_of_its_own():
    commands = {path for path, _, _ in operations() if "/commands/" in path}

    assert commands == {
        f"/api/v1/commands/{aggregate.name}/{name}" for aggregate in aggregates for name in aggregate.commands
    }
    pay = operation_of("execute_command_order_pay")
    assert pay["requestBody"]["content"]["application/json"]["schema"]["required"] == [
        "aggregate_id",
        "payment_id",
        "amount",
    ]


@pytest.mark.parametrize(
    ("operation_id", "name", "schema"),
    [
        ("read_stream", "aggregate_type", {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"}),
        ("read_stream", "limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
        ("get_event", "event_id", {"type": "string", "format": "uuid"}),
        ("get_dead_letter", "letter_id", {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}),
        ("operate_on_dead_letter", "verb", {"type": "string", "enum": ["retry", "discard", "archive"]}),
        ("steer_consumer", "verb", {"type": "string", "enum": ["pause", "resume"]}),
        ("list_users", "order", {"type": "string", "enum": ["id", "newest", "name"], "default": "id"}),
        ("list_users", "status", {"type": "string", "enum": ["active", "inactive", "any"], "default": "active"}),
        ("append_events", "If-Match", {"type": "string", "format": "entity-tag", "pattern": r'^(\*|"([0-9]{1,18})")$'}),
    ],
)
def test_parameters_say_what_they_take(operation_id, name, schema):
    parameters = {one["name"]: one["schema"] for one in operation_of(operation_id)["parameters"]}

    assert parameters[name] == schema


def test_it_is_served_in_yaml():
    # The loader that is written in C: the other one takes seconds.
    served = yaml.load(Client().get("/api/schema/").content, Loader=yaml.CSafeLoader)
    assert served["openapi"] == "3.1.0"
    assert "/api/v1/streams/{aggregate_type}/{aggregate_id}/events" in served["paths"]


@pytest.mark.parametrize("query", ["lang=%00", "lang=../..", "version=%0d%0aX:1", "format=html"])
def test_odd_parameters_of_its_address_do_nothing(query):
    assert Client().get(f"/api/schema/?{query}").status_code == 200
    assert Client().get(f"/api/docs/?{query}").status_code == 200


def test_its_address_knows_no_other_methods():
    assert_problem(Client().post("/api/schema/"), 405, "method-not-allowed")


def test_the_page_for_people_needs_no_other_host():
    page = Client().get("/api/docs/").content.decode()
    assert "swagger-ui" in page
    assert "https://" not in page


def test_a_difference_is_shown_and_an_error(tmp_path):
    path, out = tmp_path / "openapi.yaml", StringIO()
    call_command("openapi", file=path, stderr=StringIO())
    call_command("openapi", check=True, file=path, stdout=out)
    path.write_text(path.read_text().replace("read_log", "read_everything"))
    with pytest.raises(CommandError):
        call_command("openapi", check=True, file=path, stdout=out)
    assert "-      operationId: read_everything" in out.getvalue()
    assert "+      operationId: read_log" in out.getvalue()
