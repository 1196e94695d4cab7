"""Direct reading: posts of feeds straight from the content side, behind a circuit breaker.

While it does not answer, nothing is asked of it for a while, longer each time, and the local copy serves. After that
one request tries, and the others do not wait for it.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from msgspec import structs

from kit.exceptions import InvalidParameter
from kit.outage_log import outage_log
from kit.pacing.circuit_breaker import CircuitBreaker
from kit.pacing.retry import RetryPolicy
from nova.services.feed.cache import Place, PostSummary
from nova.services.feed.conf import feed_conf
from nova.services.feed.content_calls.client import ContentPosts, PostAnswer, content_posts
from nova.services.feed.exceptions import ContentAway
from nova.services.feed.models import FeedFollow

MAX_AUTHORS = 10_000
"""Most authors that the content side is asked about at once; whoever follows more is served by the local copy."""
PAUSES = RetryPolicy(limit=0, base=1.0, cap=30.0)
AnswerT = TypeVar("AnswerT")


class Guard:
    """The breaker of this process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._breaker = CircuitBreaker(policy=PAUSES)

    @property
    def is_open(self) -> bool:
        """Whether nothing is asked now."""
        return not self._breaker.allows(self._clock())

    def ask(self, question: Callable[[ContentPosts], AnswerT]) -> AnswerT:
        """What the content side answers. Raises `ContentAway`, at once while the breaker is open."""
        with self._lock:
            now = self._clock()
            if not self._breaker.allows(now):
                raise ContentAway("it was away a moment ago")
            if self._breaker.outages:
                # Half open: one tries, and the others go on without it.
                self._breaker = structs.replace(self._breaker, open_until=now + feed_conf().content_timeout)
        try:
            answer = question(content_posts())
        except ContentAway as error:
            chance = random.random()  # noqa: S311 - spreads, hides nothing
            with self._lock:
                self._breaker = self._breaker.after_outage(self._clock(), chance=chance)
            outage_log("content-service").lost(error, instead="feeds are read from their local copy")
            raise
        with self._lock:
            self._breaker = self._breaker.after_success()
        outage_log("content-service").found()
        return answer


GUARD = Guard()


def feed_from_content(user_id: str, before: Place | None, count: int) -> list[PostSummary]:
    """The newest posts of those whom the user follows, after a place. Raises `ContentAway`, `InvalidParameter`."""
    place = None if before is None else (_time(before), before.post_id)
    followed = FeedFollow.objects.filter(follower_id=user_id, is_following=True)
    author_ids = list(followed.values_list("followed_id", flat=True)[: MAX_AUTHORS + 1])
    if len(author_ids) > MAX_AUTHORS:
        raise ContentAway(f"{user_id} follows more than {MAX_AUTHORS}")
    if not author_ids:
        return []
    return _summaries(GUARD.ask(lambda content: content.newest(author_ids, before=place, limit=count)))


def post_from_content(post_id: str) -> list[PostSummary]:
    """The post, if it can be seen. Raises `ContentAway`."""
    found = GUARD.ask(lambda content: content.post(post_id))
    return _summaries([] if found is None else [found])


def _summaries(posts: Sequence[PostAnswer]) -> list[PostSummary]:
    return [
        PostSummary(
            post_id=post.post_id,
            author_id=post.author_id,
            caption=post.caption,
            media_type=post.media_type,
            created_at=post.created_at,
            score=post.created_at.timestamp(),
        )
        for post in posts
        if post.status == "published" and post.created_at is not None
    ]


def _time(place: Place) -> datetime:
    try:
        return datetime.fromtimestamp(place.score, UTC)
    except (OverflowError, ValueError, OSError):
        raise InvalidParameter("after", "is no cursor that a page has given out") from None
