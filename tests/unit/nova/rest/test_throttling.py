"""The limit never stands in the way of a platform whose Redis is away."""

import pytest

from nova.rest.throttling import Counter, parse_rate


@pytest.mark.parametrize(("rate", "meaning"), [("600/s", (600, 1)), ("5/min", (5, 60)), ("1/hour", (1, 3600))])
def test_a_rate_is_calls_a_period(rate, meaning):
    assert parse_rate(rate) == meaning


def test_everybody_passes_while_redis_is_away_and_redis_is_left_alone_for_a_while(settings, redis_url):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    calls = Counter()
    assert [calls.count("key", "1/h") for _ in range(5)] == [None] * 5

    settings.REDIS_URL = redis_url
    assert [calls.count("key", "1/h") for _ in range(5)] == [None] * 5


def test_beyond_the_rate_one_has_to_wait_and_looking_counts_nothing(redis_url):
    calls = Counter()
    assert [calls.look("key", "2/h") for _ in range(5)] == [None] * 5
    assert [calls.count("key", "2/h") for _ in range(2)] == [None] * 2
    assert calls.look("key", "2/h") is not None
    seconds = calls.count("key", "2/h")
    assert seconds is not None
    assert 1 <= seconds <= 3_600
    assert calls.look("other key", "2/h") is None
