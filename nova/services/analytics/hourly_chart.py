"""Stacked bar chart: how many events there were hour by hour, by type, as the rectangles that a template draws.

The types that there were most of have a colour each, all others one together.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from msgspec import Struct

from nova.services.analytics.queries import LeadingCount

HOURS = 48
TYPES = 5
"""Types with a colour of their own; `console.css` has as many, and one for the others."""
OTHERS = "other types"

# Lengths are in units of the drawing, of which one is about a CSS pixel.
LEFT, TOP = 64, 10
PITCH, GAP = 19, 3
WIDTH, HEIGHT = LEFT + HOURS * PITCH, 220
MAX_LINES = 5
HOURS_A_LABEL = 6


class Series(Struct, frozen=True, kw_only=True):
    """Events of one type, or of all that have no colour of their own."""

    name: str
    colour: int
    """From 0; that of the others is `TYPES`."""
    total: int


class Piece(Struct, frozen=True, kw_only=True):
    """A rectangle: so many events of a series in an hour."""

    colour: int
    y: int
    height: int


class Bar(Struct, frozen=True, kw_only=True):
    """An hour."""

    hour: datetime
    x: int
    pieces: Sequence[Piece]
    """From the bottom to the top."""
    counts: Sequence[int]
    """How many events of each series, in their order."""

    @property
    def total(self) -> int:
        """All events of the hour."""
        return sum(self.counts)

    @property
    def label(self) -> str:
        """The time beneath the bar; empty where there would be too many."""
        if self.hour.hour % HOURS_A_LABEL:
            return ""
        return f"{self.hour:%d %b}" if self.hour.hour == 0 else f"{self.hour:%H:%M}"


class Line(Struct, frozen=True, kw_only=True):
    """A line across, with the number of events that it stands for."""

    y: int
    number: int


class HourlyChart(Struct, frozen=True, kw_only=True):
    """The whole drawing."""

    series: Sequence[Series]
    """Those of which there were most first, the others last."""
    bars: Sequence[Bar]
    lines: Sequence[Line]
    width: int = WIDTH
    height: int = TOP + HEIGHT + 30
    left: int = LEFT
    bottom: int = TOP + HEIGHT
    label_y: int = TOP + HEIGHT + 20
    bar_width: int = PITCH - GAP

    @property
    def total(self) -> int:
        """All events that are drawn."""
        return sum(one.total for one in self.series)

    @property
    def newest_first(self) -> Sequence[Bar]:
        """The hours as a table has them."""
        return self.bars[::-1]


def window(now: datetime) -> tuple[datetime, datetime]:
    """When the first hour of a chart begins, and when its last, which is not over yet, ends."""
    last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return last - timedelta(hours=HOURS), last


def hourly_chart(counts: Sequence[LeadingCount], *, first: datetime) -> HourlyChart:
    """The chart of these counts, from the hour that begins at `first` on."""
    by_hour: dict[datetime, dict[str | None, int]] = defaultdict(dict)
    totals: dict[str | None, int] = defaultdict(int)
    for row in counts:
        by_hour[row.hour][row.event_type] = row.count
        totals[row.event_type] += row.count
    types = sorted(totals, key=lambda name: (name is None, -totals[name], name or ""))
    colours = {name: TYPES if name is None else number for number, name in enumerate(types)}
    top, step = _scale(max((sum(hour.values()) for hour in by_hour.values()), default=0))
    hours = [first + timedelta(hours=number) for number in range(HOURS)]
    return HourlyChart(
        series=[Series(name=name or OTHERS, colour=colours[name], total=totals[name]) for name in types],
        bars=[
            Bar(
                hour=hour,
                x=LEFT + number * PITCH + GAP,
                pieces=_pieces(by_hour[hour], colours, top),
                counts=[by_hour[hour].get(name, 0) for name in types],
            )
            for number, hour in enumerate(hours)
        ],
        lines=[Line(y=_y(number, top), number=number) for number in range(0, top + 1, step)],
    )


def _pieces(counts: Mapping[str | None, int], colours: Mapping[str | None, int], top: int) -> list[Piece]:
    pieces, below = [], 0
    for name, colour in colours.items():
        if number := counts.get(name, 0):
            y = _y(below + number, top)
            # From rounded place to rounded place, so that the pieces of a bar meet.
            pieces.append(Piece(colour=colour, y=y, height=_y(below, top) - y))
            below += number
    return pieces


def _y(number: int, top: int) -> int:
    return TOP + HEIGHT - round(HEIGHT * number / top)


def _scale(most: int) -> tuple[int, int]:
    """The number at the top, and the step between lines: 1, 2 or 5, with noughts; no less than 1."""
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if step * MAX_LINES >= most)
    return max(step, -(-most // step) * step), step
