"""The limit never stands in the way of a platform whose Redis is away."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

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


def test_processes_share_a_limit_that_each_takes_in_parts_and_never_pass_it(redis_url):
    processes = [Counter() for _ in range(3)]
    passed = sum(processes[number % 3].count("key", "500/h") is None for number in range(1_000))
    # A hundredth of the limit may lie unused at each of the others.
    assert 500 - 2 * 5 <= passed <= 500


def test_one_process_uses_all_of_a_limit_and_asks_seldom(redis_url):
    calls = Counter()
    with redis.Redis.from_url(redis_url) as client:
        client.config_resetstat()
        assert [calls.count("key", "500/h") for _ in range(500)] == [None] * 500
        assert client.info("commandstats")["cmdstat_incrby"]["calls"] == 100
    assert calls.count("key", "500/h") is not None


def test_threads_of_a_process_never_pass_a_limit(redis_url):
    calls = Counter()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: calls.count("key", "300/h"), range(1_000)))
    assert answers.count(None) <= 300
    assert answers.count(None) > 300 - 8 * 3


def test_what_was_taken_is_of_one_period(redis_url, monkeypatch):
    calls = Counter()
    now = 1_000_000.0
    monkeypatch.setattr("nova.rest.throttling.time.time", lambda: now)
    assert [calls.count("key", "200/s") for _ in range(200)] == [None] * 200
    assert calls.count("key", "200/s") == 1
    now += 1
    assert [calls.count("key", "200/s") for _ in range(200)] == [None] * 200
