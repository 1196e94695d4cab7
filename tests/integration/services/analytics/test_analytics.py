"""Every event is counted once, on the day and in the hour in which it happened."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.exceptions import InvalidParameter
from nova.services.analytics.models import HourlyEventCount
from nova.services.analytics.queries import daily_counts, hourly_counts, totals
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


def hours(**options) -> list[tuple[str, str, int]]:
    return [(row.hour.isoformat(), row.event_type, row.count) for row in hourly_counts(**options).items]


def test_hours_are_counted_by_type_in_utc():
    half_past = datetime(2025, 1, 1, 23, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    take_effect(GROUP, [received(post(), timestamp=half_past), received(follow("bob"), timestamp=half_past)])
    take_effect(GROUP, [received(post(), timestamp=half_past + timedelta(minutes=n)) for n in (-1, 29, 59, 60)])
    assert hours() == [
        ("2025-01-01T17:00:00+00:00", "content.post.created", 1),
        ("2025-01-01T18:00:00+00:00", "content.post.created", 3),
        ("2025-01-01T18:00:00+00:00", "user.followed", 1),
        ("2025-01-01T19:00:00+00:00", "content.post.created", 1),
    ]


@pytest.mark.parametrize(
    "timestamp",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12))),
    ],
)
def test_an_hour_at_the_end_of_the_calendar_is_counted_and_read_again(timestamp):
    take_effect(GROUP, [received(post(), timestamp=timestamp)])
    (row,) = hourly_counts().items
    assert (row.hour.year, row.count) == (timestamp.year, 1)


@given(order=st.permutations(range(12)), cut=st.integers(0, 12))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hours_are_the_same_and_add_up_to_days_in_whatever_order_and_batches_events_come(order, cut):
    with transaction.atomic():
        events = [
            received(follow("bob") if n % 3 else post(), timestamp=FIRST + timedelta(hours=10, minutes=20 * n))
            for n in range(12)
        ]
        for batch in (order[:cut], order[cut:]):
            take_effect(GROUP, [events[n] for n in batch])
        first_day, second_day = FIRST.date(), SECOND.date()
        by_hour = {(row.hour.hour, row.event_type): row.count for row in hourly_counts().items}
        assert by_hour == {
            (hour, event_type): count
            for hour in (22, 23, 0, 1)
            for event_type, count in (("content.post.created", 1), ("user.followed", 2))
        }
        by_day = {(row.day, row.event_type): row.count for row in daily_counts().items}
        assert by_day == {
            (day, event_type): count
            for day in (first_day, second_day)
            for event_type, count in (("content.post.created", 2), ("user.followed", 4))
        }
        transaction.set_rollback(True)


def test_hours_are_chosen_by_type_and_time_and_paged():
    for number in range(5):
        at = FIRST + timedelta(hours=number)
        take_effect(GROUP, [received(post(), timestamp=at), received(follow("bob"), timestamp=at)])
    assert [row[0][11:13] for row in hours(event_type="user.followed")] == ["12", "13", "14", "15", "16"]
    chosen: dict[str, Any] = {"first": FIRST + timedelta(hours=1), "last": FIRST + timedelta(hours=3)}
    assert [row[0][11:13] for row in hours(**chosen)] == ["13", "13", "14", "14"]
    seen, after = [], None
    while True:
        page = hourly_counts(**chosen, after=after, limit=3)
        seen += [(row.hour.hour, row.event_type) for row in page.items]
        after = page.next
        if after is None:
            break
    assert seen == [(hour, name) for hour in (13, 14) for name in ("content.post.created", "user.followed")]


def test_hours_the_wrong_way_round_are_refused():
    with pytest.raises(InvalidParameter, match="from"):
        hourly_counts(first=SECOND, last=FIRST)


def test_hours_of_a_type_and_of_a_time_are_found_by_an_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    rows = HourlyEventCount.objects.order_by("hour", "event_type")
    of_type = rows.filter(event_type="user.followed", hour__gte=FIRST).explain()
    assert "analytics_hours_of_type" in of_type
    assert "Sort" not in of_type
    plan = rows.filter(hour__gte=FIRST, pk__gt=(FIRST, "user.followed")).explain()
    assert "analytics_hourly_counts_pkey" in plan
    assert "Sort" not in plan
