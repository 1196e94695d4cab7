"""A log filter is read from the texts of an address or a form."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from events.exceptions import InvalidArgument
from events.exploring.filters import LogFilter, filter_of

ID = UUID("01a1fdd2-1692-79ea-be54-c682f3a8f772")


def test_what_is_empty_says_nothing() -> None:
    assert filter_of({"event_type": "", "since": "  ", "stream": "", "unknown": "x"}) == LogFilter()


def test_all_fields_are_read() -> None:
    said = {
        "event_type": " a.done ",
        "stream": "order/1/2",
        "user_id": "ann",
        "source_service": "s",
        "event_id": str(ID),
        "correlation_id": ID.hex,
        "causation_id": str(ID).upper(),
        "since": "2026-01-01T10:00",
        "until": "2026-01-01T12:00:00+02:00",
        "from_position": "0",
        "to_position": "7",
    }
    assert filter_of(said) == LogFilter(
        event_type="a.done",
        aggregate_type="order",
        aggregate_id="1/2",
        user_id="ann",
        source_service="s",
        event_id=ID,
        correlation_id=ID,
        causation_id=ID,
        since=datetime(2026, 1, 1, 10, tzinfo=UTC),
        until=datetime(2026, 1, 1, 10, tzinfo=UTC),
        from_position=0,
        to_position=7,
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stream", "order"),
        ("stream", "/1"),
        ("stream", "order/"),
        ("event_id", "1"),
        ("correlation_id", "x" * 36),
        ("causation_id", "½"),
        ("since", "yesterday"),
        ("until", "2026-13-01"),
        ("from_position", "-1"),
        ("to_position", "9" * 30),
        ("to_position", "½"),
        ("user_id", "a\0b"),
        ("event_type", "\ud800"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        filter_of({name: text})
    assert refused.value.parameter in {name, "aggregate_type"}
