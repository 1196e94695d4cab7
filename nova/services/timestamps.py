"""Which moments can the read models keep?"""

from datetime import UTC, datetime

EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def utc(moment: datetime) -> datetime:
    """The moment in UTC; at the ends of the calendar, where an offset leads out of it, the nearest that there is."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return EARLIEST if moment.year == 1 else LATEST
