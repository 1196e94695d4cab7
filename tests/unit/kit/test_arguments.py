"""An argument that no call can be made with is named, and what may be is let through."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import pytest
from msgspec import Meta, Struct

from kit.arguments import Arguments, is_storable
from kit.exceptions import InvalidParameter


class OurError(InvalidParameter):
    """That of an app."""


class Wish(Struct, frozen=True, kw_only=True):
    """Made by code, so that nobody has looked at it."""

    count: Annotated[int, Meta(ge=1)] = 1
    word: str = ""


check = Arguments(OurError)
UUID_TEXT = "01946b2c-7d3e-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("kind", "value", "bounds"),
    [
        ("number", 0, {}),
        ("number", 2**63 - 1, {}),
        ("number", 0.5, {"least": 0.0}),
        ("limit", 1, {}),
        ("text", "", {}),
        ("text", "a\u2028\U0001f4a9", {"most": 3}),
        ("texts", ["a", "b"], {}),
        ("texts", [], {}),
        ("uuid", UUID(UUID_TEXT), {}),
        ("uuid", UUID_TEXT.upper(), {}),
        ("time", datetime(2025, 1, 1, tzinfo=UTC), {}),
        *((kind, None, {}) for kind in ("number", "limit", "text", "texts", "uuid", "time")),
    ],
)
def test_what_may_be_passes(kind: str, value: Any, bounds: dict[str, Any]) -> None:
    assert getattr(check, kind)(*(() if kind == "limit" else ("it",)), value, **bounds) is None


@pytest.mark.parametrize(
    ("kind", "value", "bounds"),
    [
        *(("number", value, {}) for value in (-1, 2**63, 1.5, "1", float("nan"))),
        *(("number", value, {"least": 0.0}) for value in (-0.1, float("nan"), float("inf"), "1")),
        *(("text", value, {"least": 1, "most": 2}) for value in ("", "abc", "\0", "\ud800", 1, b"a")),
        *(("texts", value, {}) for value in ("abc", ["\0"], [1])),
        *(("uuid", value, {}) for value in ("", "abc", 1, b"a")),
        *(("time", value, {}) for value in (datetime(2025, 1, 1), 1, "2025-01-01T00:00:00Z")),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_is_named(kind: str, value: Any, bounds: dict[str, Any]) -> None:
    with pytest.raises(OurError) as refused:
        getattr(check, kind)("it", value, **bounds)
    assert refused.value.parameter == "it"


@pytest.mark.parametrize("limit", [0, -1, 2**63, "1"])
def test_a_limit_is_one_or_more(limit: Any) -> None:
    with pytest.raises(OurError, match="limit"):
        check.limit(limit)


@pytest.mark.parametrize(("wish", "field"), [(Wish(count=0), "count"), (Wish(word="\0"), "word")])
def test_the_fields_of_a_struct_are_what_it_says(wish: Wish, field: str) -> None:
    check.fields(Wish())
    with pytest.raises(OurError) as refused:
        check.fields(wish)
    assert refused.value.parameter == field


@pytest.mark.parametrize(("text", "storable"), [("é\u2028", True), ("", True), ("a\0", False), ("\udc80", False)])
def test_a_text_is_storable_or_not(text: str, storable: bool) -> None:
    assert is_storable(text) is storable
