"""A kept answer is never one from before a change that was invalidated, whatever races and whatever Redis loses."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from django.db import connection, transaction
from msgspec import Struct
from prometheus_client import REGISTRY

from kit.query_cache import connection as cache_connection_module
from kit.query_cache.cache import cached
from kit.query_cache.entries import MAX_BYTES
from kit.query_cache.tags import PREFIX, invalidate, invalidate_after_commit
from tests.support.query_cache import patient_query_cache

__all__ = ["patient_query_cache"]
pytestmark = pytest.mark.usefixtures("committed_db", "patient_query_cache")


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """What looks into Redis."""
    found = redis.Redis.from_url(redis_url)
    yield found
    found.close()


class Rows:
    """Something that changes, and how often it was asked for."""

    def __init__(self, value: Any = 1) -> None:
        self.value = value
        self.asked = 0

    def query(self) -> Any:
        self.asked += 1
        return self.value


def read(query: Callable[[], Any], *, key: object = None, kind: Any = int, **how: Any) -> Any:
    return cached(query, name="rows", key=key, tags=("rows",), kind=kind, **how)


def outcomes(outcome: str) -> float:
    return REGISTRY.get_sample_value("nova_query_cache_answers_total", {"query": "rows", "outcome": outcome}) or 0.0


def test_an_answer_is_kept_until_its_rows_change():
    rows = Rows()
    hits, misses = outcomes("hit"), outcomes("miss")
    assert [read(rows.query), read(rows.query)] == [1, 1]
    assert rows.asked == 1

    rows.value = 2
    invalidate("others")
    assert read(rows.query) == 1
    invalidate("rows")
    assert read(rows.query) == 2
    assert (outcomes("hit") - hits, outcomes("miss") - misses) == (2, 2)


class Person(Struct, frozen=True):
    """An answer of a type of its own."""

    name: str


class Renamed(Struct, frozen=True):
    """What a later release has made of it."""

    name: str
    nick: str = "none"


def test_answers_are_told_apart_by_key_and_by_the_shape_of_their_type():
    assert read(lambda: Person("ann"), key=[1], kind=Person) == Person("ann")
    assert read(lambda: Person("bob"), key=[2], kind=Person) == Person("bob")
    assert read(lambda: Person("cem"), key=[1], kind=Person) == Person("ann")
    assert read(lambda: Renamed("dan", "d"), key=[1], kind=Renamed) == Renamed("dan", "d")


def test_rows_that_were_read_before_a_change_and_are_kept_after_it_are_not_taken():
    rows = Rows()

    def query() -> int:
        found = int(rows.query())
        # Somebody else commits, and says so, before this answer is put into Redis.
        rows.value = 2
        invalidate("rows")
        return found

    assert read(query) == 1
    assert read(rows.query) == 2


@pytest.mark.parametrize("lost", ["everything", "the tag", "the answer"])
def test_whatever_redis_loses_brings_no_old_answer_back(client, lost):
    rows = Rows()
    read(rows.query)
    kept = {key: client.dump(key) for key in client.keys("query:*")}
    rows.value = 2
    invalidate("rows")
    match lost:
        case "everything":
            client.flushdb()
        case "the tag":
            client.delete(f"{PREFIX}rows")
        case "the answer":
            client.delete(*kept)
    # As where the old answer was put there late.
    for key, value in kept.items():
        client.restore(key, 60_000, value, replace=True)

    assert read(rows.query) == 2


def test_a_change_invalidates_when_it_is_committed_and_not_when_it_is_rolled_back():
    rows = Rows()
    read(rows.query)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        invalidate_after_commit("rows")
        1 / 0  # noqa: B018
    assert (read(rows.query), rows.asked) == (1, 1)

    with transaction.atomic():
        rows.value = 2
        invalidate_after_commit("rows")
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(_and_close, lambda: read(rows.query)).result() == 1
    assert read(rows.query) == 2


def _and_close(work: Callable[[], Any]) -> Any:
    try:
        return work()
    finally:
        connection.close()


def test_inside_a_transaction_nothing_is_taken_and_nothing_kept():
    rows = Rows()
    read(rows.query)
    with transaction.atomic():
        rows.value = 2
        assert read(rows.query) == 2
    assert read(rows.query) == 1


def test_what_may_be_old_is_answered_and_not_kept():
    rows = Rows()
    assert read(rows.query, is_current=lambda: False) == 1
    rows.value = 2
    assert read(rows.query) == 2


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long somebody has waited for another one, each time."""
    found: list[float] = []
    monkeypatch.setattr("kit.query_cache.cache.sleep", found.append)
    return found


def test_an_error_is_not_kept_and_keeps_nobody_waiting(slept):
    def fail() -> int:
        raise LookupError

    with pytest.raises(LookupError):
        read(fail)
    assert read(lambda: 7) == 7
    assert slept == []


def test_a_large_answer_is_given_and_not_kept():
    rows = Rows("x" * (MAX_BYTES + 1))
    assert read(rows.query, kind=str) == rows.value
    assert read(rows.query, kind=str) == rows.value
    assert rows.asked == 2


def test_the_setting_switches_it_off(settings, client):
    settings.NOVA_QUERY_CACHE = False
    rows = Rows()
    assert [read(rows.query), read(rows.query)] == [1, 1]
    assert rows.asked == 2
    assert client.keys("query*") == []


def test_a_kept_answer_is_forgotten_after_its_lifetime(settings, client):
    settings.NOVA_QUERY_CACHE_LIFETIME = 7
    read(lambda: 1)
    read(lambda: 1, key=["short"], lifetime=3)
    lifetimes = {client.ttl(key) for key in client.keys("query:*") if key.count(b":") == 2}
    assert {round(one / 4) for one in lifetimes} == {1, 2}


def test_of_many_who_ask_at_once_one_computes():
    rows = Rows()
    begun = threading.Event()

    def slow() -> int:
        begun.set()
        time.sleep(0.1)
        return int(rows.query())

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(_and_close, lambda: read(slow))
        begun.wait(5)
        others = [pool.submit(_and_close, lambda: read(slow)) for _ in range(7)]
        assert [one.result() for one in (first, *others)] == [1] * 8
    assert rows.asked == 1


def test_whoever_knows_of_a_change_does_not_wait_for_what_is_computed_from_before_it(slept):
    rows = Rows()
    begun, go_on = threading.Event(), threading.Event()

    def old() -> int:
        found = int(rows.query())
        begun.set()
        go_on.wait(5)
        return found

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(_and_close, lambda: read(old))
        begun.wait(5)
        rows.value = 2
        invalidate("rows")
        assert read(rows.query) == 2
        assert slept == []
        go_on.set()
        assert first.result() == 1
    assert read(rows.query) == 2


def test_without_redis_queries_are_answered_and_changes_are_told_when_it_is_back(settings, redis_url, monkeypatch):
    rows = Rows()
    read(rows.query)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    rows.value = 2
    invalidate("rows")
    assert read(rows.query) == 2

    settings.REDIS_URL = redis_url
    monkeypatch.setattr(cache_connection_module.cache_connection, "_away_until", 0.0)
    assert read(rows.query) == 1, "Redis has not been told: so it stays for the lifetime of the answer"
    invalidate("others")
    assert read(rows.query) == 2


SECONDS = 2.0


def test_no_reader_is_answered_from_before_a_change_that_was_invalidated(client):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE cached_number (value bigint)")
        cursor.execute("INSERT INTO cached_number VALUES (0)")
    known = 0
    stale: list[tuple[int, int]] = []
    answers = 0
    until = time.monotonic() + SECONDS

    def number() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT value FROM cached_number")
            found = int(cursor.fetchone()[0])
        # Between reading and keeping, so that changes come in between.
        time.sleep(random.random() * 0.003)
        return found

    def write() -> None:
        nonlocal known
        value = 0
        while time.monotonic() < until:
            value += 1
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("UPDATE cached_number SET value = %s", [value])
                invalidate_after_commit("number")
            known = value
            time.sleep(random.random() * 0.01)

    def ask() -> None:
        nonlocal answers
        while time.monotonic() < until:
            floor = known
            found = cached(number, name="numbers", key=[], tags=("number",), kind=int)
            answers += 1
            if found < floor:
                stale.append((found, floor))

    def lose() -> None:
        while time.monotonic() < until:
            time.sleep(random.random() * 0.05)
            random.choice([client.flushdb, lambda: client.delete(f"{PREFIX}number")])()

    try:
        with ThreadPoolExecutor(6) as pool:
            running = [pool.submit(_and_close, work) for work in (write, lose, ask, ask, ask, ask)]
            for one in running:
                one.result()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE cached_number")

    assert stale == []
    assert known > 20
    assert answers > 20
