"""Every event is counted once, on the day on which it happened."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from kit.exceptions import InvalidParameter
from nova.services.analytics.queries import daily_counts, totals
from outbox.api import ConsumerGroup, group_named, take_effect
from tests.support.feeds import follow, post, received

pytestmark = pytest.mark.django_db
HANDLERS = group_named("analytics-service").handlers
GROUP = ConsumerGroup(name="analytics-service", topics=["any"], handlers=HANDLERS)
FIRST, SECOND = datetime(2025, 1, 1, 12, tzinfo=UTC), datetime(2025, 1, 2, 12, tzinfo=UTC)


def counts(**options) -> list[tuple[str, str, int]]:
    return [(row.day.isoformat(), row.event_type, row.count) for row in daily_counts(**options).items]


def test_events_are_counted_by_day_and_type_whatever_their_type():
    events = [received(post(), timestamp=FIRST) for _ in range(3)]
    events += [received(post(), timestamp=SECOND), received(follow("bob"), timestamp=SECOND)]
    take_effect(GROUP, events)
    take_effect(GROUP, [received(post(), timestamp=SECOND)])
    assert counts() == [
        ("2025-01-01", "content.post.created", 3),
        ("2025-01-02", "content.post.created", 2),
        ("2025-01-02", "user.followed", 1),
    ]
    assert totals() == {"content.post.created": 5, "user.followed": 1}


def test_events_delivered_again_are_counted_once():
    events = [received(post(), timestamp=FIRST) for _ in range(4)]
    take_effect(GROUP, events)
    take_effect(GROUP, [*events[1:], received(post(), timestamp=FIRST)])
    assert totals() == {"content.post.created": 5}


def test_a_day_is_a_day_in_utc():
    evening = datetime(2025, 1, 1, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    take_effect(GROUP, [received(post(), timestamp=evening)])
    assert counts() == [("2025-01-02", "content.post.created", 1)]


def test_days_are_chosen_and_paged():
    take_effect(GROUP, [received(post(), timestamp=FIRST + timedelta(days=day)) for day in range(5)])
    assert [row[0] for row in counts(first=date(2025, 1, 2), last=date(2025, 1, 4))] == [
        "2025-01-02",
        "2025-01-03",
        "2025-01-04",
    ]
    page = daily_counts(limit=2)
    assert [row[0] for row in counts(after=page.next, limit=3)] == ["2025-01-03", "2025-01-04", "2025-01-05"]


def test_days_the_wrong_way_round_are_refused():
    with pytest.raises(InvalidParameter, match="from"):
        daily_counts(first=date(2025, 1, 2), last=date(2025, 1, 1))
