"""What users did is counted from the log, and the sums of those whom a batch speaks of follow in its transaction."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from events.api import NewEvent, StreamId, append_events, last_position
from nova.rest.tokens import create_token
from nova.services.analytics.materialised_views import DAILY_TOTALS, USER_ACTIVITY
from nova.services.analytics.models import DailyEventCount, GoneUser, UserActivity, UserDay
from nova.services.analytics.projections import ACTIVITY
from nova.services.analytics.queries import most_active
from nova.services.identity.events import IdentityUserDeleted
from nova.services.social.events import PostLiked, UserFollowed
from projections.api import verify
from projections.engine import checkpoints
from projections.engine.engine import run_pass
from projections.models import ProjectionCheckpoint
from projections.views.refreshing import Refresh, refresh
from tests.support.callers import bearer
from tests.support.database import empty_all_tables
from tests.support.projections import catch_up

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")
NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
USERS = ("ann", "bob", "cem")


def record(payload: Struct, *, day: int = 0) -> None:
    new = NewEvent(payload=payload, timestamp=NOON + timedelta(days=day))
    append_events(StreamId("post", "any"), -1, [new])


def liked(user_id: str) -> PostLiked:
    return PostLiked(post_id="p", user_id=user_id)


def gone(user_id: str) -> IdentityUserDeleted:
    return IdentityUserDeleted(user_id=user_id, deleted_at=NOON, soft_delete=False)


def kept() -> list[tuple[Any, ...]]:
    columns = ("user_id", "events", "active_days", "first_day", "last_day")
    return [
        (user, events, days, first.day, last.day)
        for user, events, days, first, last in UserActivity.objects.order_by("user_id").values_list(*columns)
    ]


def test_sums_follow_what_users_do_day_by_day():
    record(liked("ann"))
    record(liked("ann"), day=2)
    record(UserFollowed(follower_id="bob", followed_id="ann"), day=1)
    catch_up(ACTIVITY)
    assert kept() == [("ann", 2, 2, 15, 17), ("bob", 1, 1, 16, 16)]

    record(liked("ann"), day=2)
    catch_up(ACTIVITY)
    assert kept() == [("ann", 3, 2, 15, 17), ("bob", 1, 1, 16, 16)]
    assert [user.user_id for user in most_active().items] == ["ann", "bob"]


def test_groups_that_a_batch_does_not_speak_of_are_not_computed():
    record(liked("ann"))
    record(liked("bob"))
    catch_up(ACTIVITY)
    UserActivity.objects.filter(user_id="bob").update(events=99)
    record(liked("ann"))
    catch_up(ACTIVITY)
    assert [(user, events) for user, events, *_ in kept()] == [("ann", 2), ("bob", 99)]

    assert refresh(USER_ACTIVITY) is Refresh.DONE
    assert [(user, events) for user, events, *_ in kept()] == [("ann", 2), ("bob", 1)]


def test_a_user_who_is_gone_leaves_nothing_and_does_not_come_back():
    record(liked("ann"))
    catch_up(ACTIVITY)
    record(gone("ann"))
    catch_up(ACTIVITY)
    record(liked("ann"))
    catch_up(ACTIVITY)
    assert (kept(), list(UserDay.objects.all())) == ([], [])
    assert [one.user_id for one in GoneUser.objects.all()] == ["ann"]
    assert verify(ACTIVITY) is None


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    happened=st.lists(st.tuples(st.sampled_from([liked, liked, gone]), st.sampled_from(USERS), st.integers(0, 3))),
    limit=st.integers(1, 5),
)
def test_the_view_is_what_its_query_says_after_any_events_in_any_batches(committed_db, happened, limit):
    empty_all_tables()
    start = last_position()
    checkpoints.current(ACTIVITY)
    ProjectionCheckpoint.objects.update(position=start)
    for make, user_id, day in happened:
        record(make(user_id), day=day)
    while run_pass(ACTIVITY, limit=limit).more:
        pass
    before = kept()
    USER_ACTIVITY.recompute(None)
    assert kept() == before
    assert verify(ACTIVITY) is None


@pytest.fixture
def api() -> Client:
    client: Client = bearer(create_token("reader", scopes=["read-models:read"])[0])
    return client


def test_users_are_listed_page_by_page_with_what_the_answer_has_seen(api):
    for user_id, times in (("ann", 1), ("bob", 3), ("cem", 1)):
        for _ in range(times):
            record(liked(user_id))
    catch_up(ACTIVITY)

    first = api.get("/api/v1/analytics/users", {"limit": 2})
    second = api.get("/api/v1/analytics/users", {"limit": 2, "after": first.json()["next"]})

    assert first["Nova-Position"] == str(last_position())
    assert [user["user_id"] for user in first.json()["items"]] == ["bob", "ann"]
    assert [user["user_id"] for user in second.json()["items"]] == ["cem"]
    assert second.json()["next"] is None


def test_days_are_listed_as_of_the_last_refresh(api):
    for day in range(3):
        DailyEventCount.objects.create(day=(NOON + timedelta(days=day)).date(), event_type="post.liked", count=2)
        DailyEventCount.objects.create(day=(NOON + timedelta(days=day)).date(), event_type="user.followed", count=1)
    assert refresh(DAILY_TOTALS) is Refresh.DONE

    first = api.get("/api/v1/analytics/days", {"limit": 2})
    second = api.get("/api/v1/analytics/days", {"limit": 2, "after": first.json()["next"]})

    assert first.json()["items"] == [
        {"day": "2025-01-17", "events": 3, "event_types": 2},
        {"day": "2025-01-16", "events": 3, "event_types": 2},
    ]
    assert [one["day"] for one in second.json()["items"]] == ["2025-01-15"]
    as_of = datetime.fromisoformat(first["Nova-As-Of"])

    DailyEventCount.objects.all().delete()
    assert api.get("/api/v1/analytics/days").json()["items"] != []
    refresh(DAILY_TOTALS)
    later = api.get("/api/v1/analytics/days")
    assert later.json()["items"] == []
    assert datetime.fromisoformat(later["Nova-As-Of"]) > as_of
