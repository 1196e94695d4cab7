"""Timestamps that read models can keep."""

from datetime import UTC, datetime

EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def utc(timestamp: datetime) -> datetime:
    """The timestamp in UTC; at the ends of the calendar, where an offset leads out of it, the nearest that there is."""
    try:
        return timestamp.astimezone(UTC)
    except OverflowError:
        return EARLIEST if timestamp.year == 1 else LATEST
