"""JSON Schema of values: what a regular expression takes as a whole, its schema takes; and integers have bounds."""

import json
import re

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from events.identifiers import AGGREGATE_ID, AGGREGATE_TYPE, EVENT_TYPE, SOURCE_SERVICE, USER_ID
from events.types.registry import registry
from events.types.schemas import schema_text
from kit.json.schema import MAX_INTEGER, pattern_of, storable

TEXTS = ["a", "user", "a/b", "", "ä b", "-x", "9", "x" * 255, "x" * 256, "a\nb", "a\x7f", "\ufffd", "😀"]


@pytest.mark.parametrize("rule", [AGGREGATE_TYPE, AGGREGATE_ID, EVENT_TYPE, USER_ID, SOURCE_SERVICE])
def test_a_schema_takes_what_the_rule_takes(rule):
    schema = Draft202012Validator({"type": "string", "pattern": pattern_of(rule)})

    assert [text for text in TEXTS if schema.is_valid(text)] == [text for text in TEXTS if rule.fullmatch(text)]


def test_half_characters_are_not_spoken_of():
    assert pattern_of(re.compile(r"[^/\ud800-\udfff]+")) == "^[^/]+$"


def test_integers_are_bounded_where_the_schema_leaves_them_open() -> None:
    given = {"properties": {"count": {"type": "integer", "minimum": 0}, "list": [{"type": "integer", "maximum": 5}]}}
    assert storable(given) == {
        "properties": {
            "count": {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER},
            "list": [{"type": "integer", "minimum": -MAX_INTEGER, "maximum": 5}],
        }
    }
    assert storable({"type": "string"}) == {"type": "string"}


def test_of_every_event_what_is_described_can_be_stored() -> None:
    described = {known.name: json.loads(schema_text(known)) for known in registry}
    assert {name for name, schema in described.items() if storable(schema) != schema} == set()
    assert "identity.user.profile_updated" in described
