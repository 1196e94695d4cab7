"""The score orders posts as their faded worth does at any time, without knowing the time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova.services.ranking.score import HALF_LIFE, points, score

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)


def worth(created_at: datetime, total: int, now: datetime) -> float:
    """The definition, with the time."""
    return float(total * 2 ** (-((now - created_at) / HALF_LIFE)))


POSTS = st.tuples(st.integers(0, 5_000).map(lambda minutes: NOON - timedelta(minutes=minutes)), st.integers(1, 1_000))


@given(one=POSTS, other=POSTS, later=st.integers(0, 30_000))
def test_of_two_posts_the_one_that_is_worth_more_now_has_the_greater_score(
    one: tuple[datetime, int], other: tuple[datetime, int], later: int
) -> None:
    now = NOON + timedelta(minutes=later)
    ratio = worth(*one, now) / worth(*other, now)
    difference = score(*one) - score(*other)
    assert (difference > 0) == (ratio > 1) or abs(ratio - 1) < 1e-9


def test_twice_the_points_make_up_for_a_half_life() -> None:
    assert score(NOON, 2) == pytest.approx(score(NOON + HALF_LIFE, 1), abs=1e-9)
    assert score(NOON, 2) < score(NOON + HALF_LIFE + timedelta(seconds=1), 1)


def test_a_post_begins_at_one_point_and_a_share_is_worth_most() -> None:
    assert points(likes=0, comments=0, shares=0) == 1
    assert [points(likes=1, comments=0, shares=0), points(likes=0, comments=1, shares=0)] == [2, 3]
    assert points(likes=0, comments=0, shares=1) == 4
