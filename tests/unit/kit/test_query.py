"""A query string is read exactly: what is lenient in msgspec is refused, and the wrong parameter is named."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from msgspec import Meta, field

from kit.exceptions import InvalidParameter
from kit.rest.query import BigInt, NoQuery, Query, Text, Timestamp


class Example(Query, frozen=True, kw_only=True):
    """One of each kind."""

    needed: int
    version: BigInt | None = None
    text: Annotated[Text, Meta(max_length=5)] = ""
    word: Literal["up", "down"] | None = None
    flag: bool = False
    since: Timestamp | None = None
    day: date | None = field(name="from", default=None)
    who: UUID | None = None


def test_what_is_given_is_read_and_the_rest_has_its_defaults() -> None:
    given = {"needed": "1", "text": "null", "since": "2025-01-15T12:00:00+02:00", "from": "2025-01-31", "flag": "true"}
    assert Example.read(given) == Example(
        needed=1, text="null", since=datetime(2025, 1, 15, 10, tzinfo=UTC), day=date(2025, 1, 31), flag=True
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("version", text) for text in ("", "x", "1e3", "1.0", " 1", "+1", "-1", "٣", "null", str(2**63))),
        *(("text", text) for text in ("a\0", "abcdef")),
        *(("word", text) for text in ("", "UP", "null")),
        *(("flag", text) for text in ("", "1", "True", "maybe")),
        *(("since", text) for text in ("", "soon", "1", "1700000000.5", "2025-01-15T10:30:00", "null")),
        ("since", "0001-01-01T00:00:00+14:00"),
        *(("from", text) for text in ("", "1", "2025-02-30", "null")),
        *(("who", text) for text in ("", "x", "null")),
        ("colour", "red"),
        ("day", "2025-01-31"),
    ],
)
def test_what_is_wrong_is_named(name: str, text: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        Example.read({"needed": "1", name: text})
    assert refused.value.parameter == name


def test_what_is_missing_is_named() -> None:
    with pytest.raises(InvalidParameter) as refused:
        Example.read({})
    assert refused.value.parameter == "needed"


@pytest.mark.parametrize("given", [{"a": "1"}, {"": ""}])
def test_a_view_without_parameters_takes_none(given: dict[str, Any]) -> None:
    assert NoQuery.read({}) == NoQuery()
    with pytest.raises(InvalidParameter, match="known are none"):
        NoQuery.read(given)
