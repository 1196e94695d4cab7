"""A materialised view is computed anew while everybody reads what it was, by one at a time, and whoever dies."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from kit.outages import is_outage
from kit.query_cache.cache import cached
from projections.models import MaterialisedView
from projections.tasks import refresh_views
from projections.views.records import as_of, view_statuses
from projections.views.refreshing import Refresh, refresh
from tests.support.database import rows, scalar
from tests.support.outbox import eventually
from tests.support.views import SLOW, VIEWED, change, shares, viewed

__all__ = ["viewed"]
pytestmark = pytest.mark.usefixtures("viewed", "redis_url")
REFRESHING = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'REFRESH MATERIALIZED VIEW%%'"


def row() -> MaterialisedView:
    return MaterialisedView.objects.get(name=VIEWED.name)


def closing(work: Callable[[], Any]) -> Any:
    try:
        return work()
    finally:
        connection.close()


def test_a_view_is_what_it_was_until_it_is_refreshed_and_says_as_of_when_it_is():
    made = as_of(VIEWED.name)
    change(value=5)
    assert shares() == [(1, 10)]

    before = timezone.now()
    assert refresh(VIEWED) is Refresh.DONE

    assert shares() == [(1, 20)]
    now = as_of(VIEWED.name)
    assert made is not None
    assert now is not None
    assert made < before <= now <= timezone.now()
    (status,) = view_statuses()
    assert (status.name, status.kind, status.error, status.position) == ("viewed", "full", "", None)
    assert status.age is not None
    assert 0 <= status.age < 60


def test_readers_never_wait_and_a_second_refresh_does_not_begin():
    change(value=5, pause=SLOW)
    with ThreadPoolExecutor(1) as pool:
        refreshing = pool.submit(closing, lambda: refresh(VIEWED))
        eventually(lambda: rows(REFRESHING))

        assert shares() == [(1, 10)]
        assert refresh(VIEWED) is Refresh.BUSY
        assert rows(REFRESHING), "it goes on while others read"

        assert refreshing.result() is Refresh.DONE
    assert shares() == [(1, 20)]


def test_a_refresh_that_is_killed_changes_nothing_and_the_next_one_goes_through():
    before = as_of(VIEWED.name)
    change(value=5, pause=SLOW)
    with ThreadPoolExecutor(1) as pool:
        refreshing = pool.submit(closing, lambda: refresh(VIEWED))
        ((pid,),) = eventually(lambda: rows(REFRESHING))
        assert scalar("SELECT pg_terminate_backend(%s)", pid)
        with pytest.raises(OperationalError) as caught:
            refreshing.result()

    assert is_outage(caught.value)
    assert (shares(), as_of(VIEWED.name)) == ([(1, 10)], before)
    change(value=5)
    assert refresh(VIEWED) is Refresh.DONE
    assert shares() == [(1, 20)]


@pytest.mark.parametrize("fault", ["a row that cannot be computed", "two rows alike"])
def test_a_refresh_that_fails_keeps_the_rows_is_seen_and_is_tried_again_later(fault):
    before = as_of(VIEWED.name)
    if fault == "two rows alike":
        rows("INSERT INTO viewed_rows VALUES (1, 5) RETURNING id")
    else:
        change(value=0)

    assert refresh(VIEWED) is Refresh.FAILED

    assert (shares(), as_of(VIEWED.name)) == ([(1, 10)], before)
    (status,) = view_statuses()
    assert status.attempts == 1
    assert ("division by zero" if fault != "two rows alike" else "duplicate") in status.error
    assert status.retry_at is not None
    assert status.retry_at > timezone.now()
    assert refresh_views() == 0, "its time has not come"

    rows("DELETE FROM viewed_rows WHERE value <> 10 RETURNING id")
    MaterialisedView.objects.update(retry_at=timezone.now())
    assert refresh_views() == 1
    assert (row().error, row().attempts, row().retry_at) == ("", 0, None)


def test_the_schedule_decides_unless_an_operator_has_asked():
    change(value=5)
    assert refresh_views() == 0
    MaterialisedView.objects.update(refreshed_at=timezone.now() - timedelta(seconds=VIEWED.interval + 1))
    assert refresh_views() == 1
    assert shares() == [(1, 20)]

    change(value=2)
    assert refresh_views() == 0
    MaterialisedView.objects.update(is_asked_for=True)
    assert refresh_views() == 1
    assert (shares(), row().is_asked_for) == ([(1, 50)], False)


def test_a_view_that_nobody_has_filled_is_due():
    MaterialisedView.objects.all().delete()
    assert as_of(VIEWED.name) is None
    assert refresh_views() == 1
    assert as_of(VIEWED.name) is not None


def test_kept_answers_are_forgotten_once_a_refresh_is_committed():
    def read() -> list[tuple[int, int]]:
        return cached(shares, name="viewed", key=None, tags=VIEWED.cache_tags, kind=list[tuple[int, int]])

    assert read() == [(1, 10)]
    change(value=5)
    refresh(VIEWED)
    assert read() == [(1, 20)]
    change(value=0)
    refresh(VIEWED)
    assert read() == [(1, 20)]
