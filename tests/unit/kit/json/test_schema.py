"""JSON Schema of texts: what a regular expression takes as a whole, its schema takes, and nothing else."""

import re

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from events.identifiers import AGGREGATE_ID, AGGREGATE_TYPE, EVENT_TYPE, SOURCE_SERVICE, USER_ID
from kit.json.schema import pattern_of

TEXTS = ["a", "user", "a/b", "", "ä b", "-x", "9", "x" * 255, "x" * 256, "a\nb", "a\x7f", "\ufffd", "😀"]


@pytest.mark.parametrize("rule", [AGGREGATE_TYPE, AGGREGATE_ID, EVENT_TYPE, USER_ID, SOURCE_SERVICE])
def test_a_schema_takes_what_the_rule_takes(rule):
    schema = Draft202012Validator({"type": "string", "pattern": pattern_of(rule)})

    assert [text for text in TEXTS if schema.is_valid(text)] == [text for text in TEXTS if rule.fullmatch(text)]


def test_half_characters_are_not_spoken_of():
    assert pattern_of(re.compile(r"[^/\ud800-\udfff]+")) == "^[^/]+$"
