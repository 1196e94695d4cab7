"""An uploaded file waits an hour for a post of its author; one post takes it, whichever is heard of first (B3)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
import redis
from django.db import connection, transaction
from msgspec import Struct

from events.api import StreamId, append_only, execute, get_events
from nova.services.content import pending_media as module
from nova.services.content.aggregates.post import CreatePost, DeletePost
from nova.services.content.events import ContentPostMediaAttached, ContentPostMediaDetached
from nova.services.content.models import Upload
from nova.services.content.pending_media import pending_media
from nova.services.content.posts import PostsProjection
from nova.services.content.queries import get_post
from nova.services.media.events import MediaUploadCompleted, MediaUploadDeleted
from outbox.api import group_named, take_effect
from tests.support.callers import client_with
from tests.support.outbox import eventually
from tests.support.projections import catch_up
from tests.support.received import received
from tests.support.store import appending

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")

WAITING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture(autouse=True)
def log_only() -> Iterator[None]:
    with appending(append_only):
        yield


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def hear(*payloads: Struct, **fields: Any) -> None:
    take_effect(group_named("content-service"), [received(payload, **fields) for payload in payloads])


def uploaded(upload_id: str = "u", *, ago: float = 5, user_id: str = "ann") -> MediaUploadCompleted:
    return MediaUploadCompleted(
        upload_id=upload_id,
        media_id=f"media-{upload_id}",
        user_id=user_id,
        file_name="cat.jpg",
        size_bytes=1,
        uploaded_at=datetime.now(UTC) - timedelta(seconds=ago),
    )


def removed(upload_id: str = "u") -> MediaUploadDeleted:
    return MediaUploadDeleted(upload_id=upload_id, user_id="ann", deleted_at=datetime.now(UTC))


def written(post_id: str, *, author_id: str = "ann") -> Struct:
    """The creation of a post that the log has, of which the service has not heard yet."""
    execute(post_id, CreatePost(author_id=author_id, caption="tea", media_type="image"))
    return get_events(StreamId("post", post_id))[0].payload


def shown(post_id: str) -> list[str]:
    catch_up(PostsProjection())
    return [one.media_id for one in get_post(post_id).media]


def waiting(user_id: str = "ann") -> list[str]:
    return [upload.upload_id for upload in pending_media(user_id)]


def told_of(post_id: str, kind: type[Struct]) -> int:
    return sum(isinstance(event.payload, kind) for event in get_events(StreamId("post", post_id)))


def test_an_upload_waits_in_redis_for_an_hour_and_the_next_post_takes_it(client: redis.Redis) -> None:
    hear(uploaded("u1"), uploaded("u2", ago=3), uploaded("bobs", user_id="bob"))
    assert 3_580 < client.ttl("pending_media:ann") <= 3_600
    assert waiting() == ["u1", "u2"]

    hear(written("p"))

    assert shown("p") == ["media-u1", "media-u2"]
    assert not client.exists("pending_media:ann")
    assert (waiting(), waiting("bob")) == ([], ["bobs"])
    hear(written("q"))
    assert shown("q") == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_whatever_is_heard_of_first_one_post_takes_the_upload(order: tuple[int, ...]) -> None:
    upload = uploaded()
    events = [upload, written("p"), written("q")]
    for number in order:
        hear(events[number])
    attached = [told_of(post_id, ContentPostMediaAttached) for post_id in "pq"]
    assert sum(attached) == 1
    if order.index(0) > 0 and order.index(0) > order.index(1):
        assert attached == [1, 0]


def test_an_event_that_is_delivered_again_attaches_nothing_again() -> None:
    upload, post = received(uploaded()), received(written("p"))
    for _ in range(3):
        take_effect(group_named("content-service"), [upload, post])
    hear(upload.payload, post.payload, upload.payload)
    assert told_of("p", ContentPostMediaAttached) == 1
    assert shown("p") == ["media-u"]


def test_an_upload_of_more_than_an_hour_ago_or_after_the_post_is_not_taken() -> None:
    hear(uploaded("old", ago=3_601), uploaded("late", ago=-60))
    assert waiting() == ["late"]
    hear(written("p"))
    assert shown("p") == []


def test_two_posts_at_once_attach_an_upload_once() -> None:
    first, second = written("p"), written("q")
    hear(uploaded(ago=3_000))

    def listen() -> None:
        hear(second)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            hear(first)
            other = pool.submit(listen)
            eventually(rows_waiting)
        other.result(timeout=20)
    assert (shown("p"), shown("q")) == (["media-u"], [])


def test_an_upload_that_is_heard_of_while_its_post_is_finds_it() -> None:
    """Both sides see the other only if one waits for the other's commit."""
    upload, post = uploaded(), written("p")

    def listen() -> None:
        hear(upload)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            hear(post)
            other = pool.submit(listen)
            eventually(lambda: other.done() or rows_waiting())
        other.result(timeout=20)
    assert shown("p") == ["media-u"]


def test_a_decision_without_the_lock_misses_the_other_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: the test above must see it."""
    honest = module._rows
    monkeypatch.setattr(
        module, "_rows", lambda name, **given: [] if name == "take_uploaders" else honest(name, **given)
    )
    with pytest.raises(AssertionError):
        test_an_upload_that_is_heard_of_while_its_post_is_finds_it()


def test_an_emptied_redis_heals_by_itself(client: redis.Redis) -> None:
    hear(uploaded())
    client.flushall()
    assert waiting() == ["u"]
    assert 3_580 < client.ttl("pending_media:ann") <= 3_600
    client.flushall()
    hear(written("p"))
    assert (shown("p"), waiting()) == (["media-u"], [])


def test_readers_have_the_table_while_redis_is_away(settings: Any) -> None:
    hear(uploaded())
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert (waiting(), waiting("nobody")) == (["u"], [])


def test_a_deleted_upload_waits_no_more_and_leaves_the_post_that_has_taken_it() -> None:
    hear(uploaded("u1"), removed("u1"))
    assert waiting() == []
    hear(uploaded("u2"), written("p"))
    assert shown("p") == ["media-u2"]
    hear(removed("u2"))
    assert shown("p") == []
    hear(removed("u2"))
    assert told_of("p", ContentPostMediaDetached) == 1
    assert set(Upload.objects.values_list("media_id", "user_id", "is_deleted")) == {("", "", True)}


def test_a_post_that_is_deleted_before_it_is_heard_of_takes_nothing() -> None:
    created = written("p")
    execute("p", DeletePost())
    hear(uploaded(), created)
    assert waiting() == ["u"]
    assert shown("p") == []


def test_what_waits_is_read_over_http() -> None:
    hear(uploaded())
    answer = client_with("read-models:read").get("/api/v1/content/pending-media?user_id=ann")
    assert [(one["upload_id"], one["media_id"]) for one in answer.json()["items"]] == [("u", "media-u")]
    assert client_with("events:read").get("/api/v1/content/pending-media?user_id=ann").status_code == 403
    assert client_with("read-models:read").get("/api/v1/content/pending-media?user_id=%00").status_code == 400


def rows_waiting() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return list(cursor.fetchall())
