"""JSON Schema of texts, which describes them without checking them: who checks says better what is wrong."""

import re
from collections.abc import Iterable

from msgspec import Meta


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
