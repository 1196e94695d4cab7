"""JSON Schema of values, which describes them without checking them: who checks says better what is wrong."""

import re
from collections.abc import Iterable
from typing import Any

from msgspec import Meta

MAX_INTEGER = 2**53 - 1
"""Of I-JSON, in both directions: what every language has a number for."""


def pattern_of(rule: re.Pattern[str]) -> str:
    """The pattern of texts that a rule matches as a whole, as JSON Schema writes it.

    A text of JSON holds whole characters, so that what a rule says of half surrogate pairs is left out.
    """
    return f"^{rule.pattern}$".replace(r"\ud800-\udfff", "")


def text_like(rule: re.Pattern[str]) -> Meta:
    """Describes a text that a rule matches as a whole."""
    return Meta(extra_json_schema={"pattern": pattern_of(rule)})


def one_of(texts: Iterable[str]) -> Meta:
    """Describes one of several texts."""
    return Meta(extra_json_schema={"enum": list(texts)})


def storable(schema: Any) -> Any:
    """The JSON Schema of what I-JSON (RFC 7493) has numbers for: integers are bounded where it left them open."""
    match schema:
        case {"type": "integer"}:
            return {"minimum": -MAX_INTEGER, "maximum": MAX_INTEGER} | schema
        case dict():
            return {key: storable(value) for key, value in schema.items()}
        case list():
            return [storable(value) for value in schema]
        case _:
            return schema
