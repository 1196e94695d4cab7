"""A chart draws counts as high as they are, hour by hour, and names what there was most of first."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova.services.analytics.hourly_chart import HEIGHT, HOURS, OTHERS, TOP, TYPES, hourly_chart, window
from nova.services.analytics.queries import LeadingCount

FIRST = datetime(2025, 1, 1, tzinfo=UTC)


def counted(hour: int, event_type: str | None, count: int) -> LeadingCount:
    return LeadingCount(hour=FIRST + timedelta(hours=hour), event_type=event_type, count=count)


def test_hours_end_with_the_one_that_is_not_over():
    now = datetime(2025, 3, 1, 23, 15, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert window(now) == (datetime(2025, 2, 27, 18, tzinfo=UTC), datetime(2025, 3, 1, 18, tzinfo=UTC))


def test_pieces_stand_on_each_other_as_high_as_their_counts():
    chart = hourly_chart(
        [counted(0, "liked", 40), counted(0, "posted", 60), counted(0, None, 100), counted(47, "liked", 50)],
        first=FIRST,
    )
    assert [(one.name, one.colour, one.total) for one in chart.series] == [
        ("liked", 0, 90),
        ("posted", 1, 60),
        (OTHERS, TYPES, 100),
    ]
    assert [line.number for line in chart.lines] == [0, 50, 100, 150, 200]
    assert HEIGHT == 220
    bottom = TOP + HEIGHT
    pieces = [(piece.colour, piece.y, piece.height) for piece in chart.bars[0].pieces]
    assert pieces == [
        (0, bottom - 44, 44),
        (1, bottom - 110, 66),
        (TYPES, bottom - 220, 110),
    ]
    assert [(bar.hour.hour, bar.counts) for bar in (chart.bars[0], chart.bars[-1])] == [
        (0, [40, 60, 100]),
        (23, [50, 0, 0]),
    ]
    assert [bar.total for bar in chart.bars if bar.total] == [200, 50]
    assert chart.total == 250


@pytest.mark.parametrize(
    ("most", "top", "lines"),
    [(0, 1, 2), (1, 1, 2), (5, 5, 6), (6, 6, 4), (11, 15, 4), (100, 100, 6), (101, 150, 4), (2_000_001, 2_500_000, 6)],
)
def test_lines_stand_at_round_numbers(most, top, lines):
    chart = hourly_chart([counted(3, "liked", most)], first=FIRST)
    assert (chart.lines[-1].number, len(chart.lines)) == (top, lines)
    assert (chart.lines[0].y, chart.lines[-1].y) == (TOP + HEIGHT, TOP)


def test_days_and_quarters_of_days_are_labelled():
    labels = [bar.label for bar in hourly_chart([], first=FIRST).bars if bar.label]
    assert labels == ["01 Jan", "06:00", "12:00", "18:00", "02 Jan", "06:00", "12:00", "18:00"]


@given(
    counts=st.dictionaries(
        st.tuples(st.integers(0, HOURS - 1), st.sampled_from(["a", "b", "c", None])), st.integers(1, 10**15)
    )
)
def test_whatever_is_counted_fits_and_leaves_no_gap(counts):
    chart = hourly_chart([counted(hour, name, count) for (hour, name), count in counts.items()], first=FIRST)
    assert len(chart.bars) == HOURS
    assert chart.total == sum(counts.values()) == sum(bar.total for bar in chart.bars)
    for bar in chart.bars:
        below = TOP + HEIGHT
        for piece in bar.pieces:
            assert piece.y + piece.height == below
            below = piece.y
        assert below >= TOP
    assert 2 <= len(chart.lines) <= 6
