"""Path parameters: their schemas follow from the converters that take them."""

import pytest

import outbox.rest.urls  # noqa: F401 - registers converters
from kit.rest.description.path_parameters import path_parameters


@pytest.mark.parametrize(
    ("route", "schema"),
    [
        ("letters/<number:it>", {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}),
        ("letters/<control_verb:it>", {"type": "string", "enum": ["pause", "resume"]}),
        ("letters/<slug:it>/more", {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"}),
        ("letters/<uuid:it>", {"type": "string", "format": "uuid"}),
        ("letters/<str:it>", {"type": "string", "pattern": r"^[^/\x00]+$"}),
        ("letters/<it>", {"type": "string", "pattern": r"^[^/\x00]+$"}),
    ],
)
def test_a_converter_says_what_it_takes(route, schema):
    assert path_parameters(route) == {"it": schema}


def test_each_parameter_of_a_route_is_described():
    assert list(path_parameters("streams/<str:aggregate_type>/<str:aggregate_id>/events")) == [
        "aggregate_type",
        "aggregate_id",
    ]
