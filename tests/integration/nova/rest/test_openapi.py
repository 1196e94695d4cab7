"""The description of the API is valid, complete, and the committed one."""

from io import StringIO

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.test import Client
from drf_spectacular.validation import validate_schema
from jsonschema import ValidationError  # type: ignore[import-untyped]

from nova.rest.openapi import description
from tests.support.problems import MEDIA_TYPE, assert_problem


def test_the_description_is_valid():
    document = description()

    assert document["openapi"] == "3.1.0"
    validate_schema(document)
    with pytest.raises(ValidationError, match="'title' is a required property"):
        validate_schema(document | {"info": {"version": "1"}})


def test_every_operation_names_its_scope_and_its_errors():
    for path, operations in description()["paths"].items():
        for method, operation in operations.items():
            assert operation["security"][0]["token"], (method, path)
            assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
    assert MEDIA_TYPE in description()["components"]["responses"]["Problem"]["content"]


def test_it_is_served_in_yaml():
    served = yaml.safe_load(Client().get("/api/schema/").content)
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
