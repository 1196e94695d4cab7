"""Feeds: how soon a page comes for somebody who follows 1 000, and whether one post to 100 000 followers delays others.

Pages are told beside what is allowed. The fan-out is told beside the same posts without it: a consumer's loop takes
posts as they come, at a steady rate, and each is there once it stands in its followers' feeds in Redis. What it leaves
to workers is done by a process beside it in both cases.
"""

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

from django.db import connection
from msgspec import Struct

from benchmarks.harness import Measure
from benchmarks.services.feed_process import feed_worker
from events.api import type_name
from nova.celery import app
from nova.services.content.events import ContentPostCreated
from nova.services.feed.queries import feed
from outbox.api import ConsumerGroup, ReceivedEvent, group_named, take_effect

FOLLOWED, POSTS_EACH = 1_000, 20
PAGES, PAGE = 300, 50
ALLOWED_MS = 20.0
FOLLOWERS = 100_000
RATE, SECONDS = 10, 20.0
LARGE_AT = 1.0  # seconds after which the post comes that goes to all
MAX_BATCH = 100
FOLLOW = """
INSERT INTO feed_follows (follower_id, followed_id, is_following, since, is_shown)
SELECT {follower}, {followed}, true, now(), true FROM generate_series(1, {number}) AS g (n)
ON CONFLICT DO NOTHING
"""
POSTS = """
INSERT INTO feed_posts (post_id, author_id, caption, media_type, status, status_at, created_at, score, is_shown)
SELECT 'old-' || n, 'author-' || n % {followed}, repeat('word ', 20), 'none', 'published', at, at,
    extract(epoch FROM at)::double precision, true
FROM (
    SELECT n, '2025-01-01Z'::timestamptz + n * interval '1 minute' AS at FROM generate_series(1, {number}) AS g (n)
) AS p
ON CONFLICT DO NOTHING
"""
AUTHORS = """
INSERT INTO feed_authors (user_id, username, display_name, avatar_url, is_erased, is_shown)
SELECT 'author-' || n, 'author ' || n, '', '', false, true FROM generate_series(0, {number}) AS g (n)
ON CONFLICT DO NOTHING
"""
_numbers = count(1)


def measures() -> list[Measure]:
    """All measures of feeds."""
    return [
        Measure(name="feed_page_p95", unit="ms", goal=1.0, raw=lambda: ALLOWED_MS, nova=_pages),
        Measure(
            name="fan_out_others_p99",
            unit="ms",
            goal=0.5,
            raw=partial(_posts_of_others, large=False),
            nova=partial(_posts_of_others, large=True),
        ),
    ]


def _pages() -> float:
    """The 95th percentile of pages, in milliseconds: the newest posts, from Redis, and the names of their authors."""
    _prepare()
    feed("reader", limit=PAGE)
    times = []
    for _ in range(PAGES):
        began = time.perf_counter()
        page = feed("reader", limit=PAGE)
        times.append((time.perf_counter() - began) * 1_000)
        assert len(page.items) == PAGE
    return statistics.quantiles(times, n=100)[94]


def _posts_of_others(*, large: bool) -> float:
    """The 99th percentile of the time from a post's coming to its standing in a feed, in milliseconds."""
    # As in a worker, so that wake-ups go where it looks for them.
    app.set_default()
    _prepare()
    group = ConsumerGroup(name="feed-service", topics=["any"], handlers=group_named("feed-service").handlers)
    number = int(RATE * SECONDS)
    latencies: list[float] = []
    with feed_worker():
        began = time.perf_counter()
        due = [(place / RATE, _created(f"author-{place % 100}")) for place in range(number)]
        if large:
            due.append((LARGE_AT, _created("star")))
            due.sort(key=lambda one: one[0])
        place = 0
        while place < len(due):
            time.sleep(max(0.0, began + due[place][0] - time.perf_counter()))
            now = time.perf_counter() - began
            batch = [one for one in due[place : place + MAX_BATCH] if one[0] <= now]
            take_effect(group, [_received(payload) for _, payload in batch])
            shown = time.perf_counter() - began
            latencies += [(shown - at) * 1_000 for at, payload in batch if payload.user_id != "star"]
            place += len(batch)
        if large:
            _await_followers(due)
    return statistics.quantiles(latencies, n=100)[98]


def _await_followers(due: Sequence[tuple[float, ContentPostCreated]]) -> None:
    """Wait until the last follower has the post that goes to all."""
    (post_id,) = (payload.post_id for _, payload in due if payload.user_id == "star")
    began = time.perf_counter()
    while not _is_everywhere(post_id):
        assert time.perf_counter() - began < 120, "the fan-out did not end"
        time.sleep(0.1)


def _is_everywhere(post_id: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT is_shown FROM feed_posts WHERE post_id = %s", [post_id])
        return bool(cursor.fetchone()[0])


def _created(author_id: str) -> ContentPostCreated:
    return ContentPostCreated(
        post_id=f"post-{uuid4()}",
        user_id=author_id,
        caption="a few words",
        media_type="none",
        status="published",
        created_at=datetime(2025, 6, 1, tzinfo=UTC) + timedelta(seconds=next(_numbers)),
    )


def _received(payload: Struct) -> ReceivedEvent:
    unknown: dict[str, Any] = dict.fromkeys(("correlation_id", "causation_id", "user_id", "traceparent", "key"))
    return ReceivedEvent(
        event_id=uuid4(),
        event_type=type_name(payload),
        schema_version=1,
        source_service="bench",
        aggregate_type="post",
        aggregate_id="any",
        version=1,
        timestamp=datetime.now(UTC),
        topic="bench",
        partition=0,
        offset=0,
        payload=payload,
        **unknown,
    )


def _prepare() -> None:
    """The reader, the star with all followers, and others with five each; what is there stays."""
    others = "'author-' || n / 5"
    with connection.cursor() as cursor:
        cursor.execute(AUTHORS.format(number=FOLLOWED - 1))
        cursor.execute(FOLLOW.format(follower="'reader'", followed="'author-' || n - 1", number=FOLLOWED))
        cursor.execute(FOLLOW.format(follower="'fan-' || n", followed="'star'", number=FOLLOWERS))
        cursor.execute(FOLLOW.format(follower="'follower-' || n", followed=others, number=500))
        cursor.execute(POSTS.format(followed=FOLLOWED, number=FOLLOWED * POSTS_EACH))
        cursor.execute("ANALYZE feed_follows, feed_posts, feed_authors")
