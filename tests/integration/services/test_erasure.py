"""A service removes what it has of a user page by page, once, and answers every request."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from msgspec import Struct

from events.api import StreamId, append_only, execute, get_events, load_aggregate
from events.testing import AT
from nova.services.content.aggregates.post import POST, CreatePost, DeletePost
from nova.services.content.events import ContentErased, ContentErasureRequested, ContentPostCreated, ContentPostDeleted
from nova.services.content.models import ContentBelonging
from nova.services.erasure import erasing
from nova.services.feed.events import FeedErased, FeedErasureRequested
from nova.services.feed.models import FeedAuthor, FeedFollow
from nova.services.messages.aggregates import CONVERSATION, DeleteMessage, OpenConversation, PersistMessage
from nova.services.messages.events import (
    MessageDeleted,
    MessagePersisted,
    MessagesErased,
    MessagesErasureRequested,
)
from nova.services.search.events import SearchErased, SearchErasureRequested
from nova.services.social.events import UserFollowed
from outbox.api import ReceivedEvent, group_named, take_effect
from tests.support.database import rows
from tests.support.outbox import eventually
from tests.support.received import received
from tests.support.store import appending

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")

ASKED = ContentErasureRequested(deletion_id="d", user_id="ann")
WAITING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture(autouse=True)
def without_outbox() -> Iterator[None]:
    """What a service appends is looked at in its streams."""
    with appending(append_only):
        yield


def told(group: str, *payloads: Struct, **fields: Any) -> None:
    take_effect(group_named(group), [received(payload, **fields) for payload in payloads])


def written(*post_ids: str, author_id: str = "ann") -> list[ContentPostCreated]:
    """The posts, of which the content service has not heard yet."""
    for post_id in post_ids:
        execute(post_id, CreatePost(author_id=author_id, caption="tea"))
    return [event.payload for post_id in post_ids for event in get_events(StreamId("post", post_id))]  # type: ignore[misc]


def status(*post_ids: str) -> list[str]:
    return [load_aggregate(POST, post_id).state.status for post_id in post_ids]


def appended(stream: str) -> Sequence[Struct]:
    return [event.payload for event in get_events(StreamId(stream, "d"))]


def go_on(group: str, stream: str) -> None:
    """Give the group what it has asked of itself, until it asks no more."""
    number = 0
    while number < len(events := get_events(StreamId(stream, "d"))):
        told(group, events[number].payload, event_id=events[number].event_id)
        number += 1


def test_a_user_with_much_is_erased_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "PAGE", 2)
    names = [f"p{number}" for number in range(5)]
    told("content-service", *written(*names), *written("bobs", author_id="bob"))

    told("content-service", ASKED)
    assert status(*names).count("deleted") == 2
    assert appended("content_erasure") == [ContentErasureRequested(deletion_id="d", user_id="ann", removed=2)]

    go_on("content-service", "content_erasure")
    assert set(status(*names)) == {"deleted"}
    assert appended("content_erasure")[-1] == ContentErased(deletion_id="d", user_id="ann", removed=5)
    assert len(appended("content_erasure")) == 3
    assert status("bobs") == ["published"]


def test_a_request_that_comes_again_takes_effect_once_and_is_answered_once() -> None:
    told("content-service", *written("p"))
    event_id = uuid4()

    for _ in range(3):
        told("content-service", ASKED, event_id=event_id)

    assert appended("content_erasure") == [ContentErased(deletion_id="d", user_id="ann", removed=1)]
    assert [event.event_type for event in get_events(StreamId("post", "p"))].count("content.post.deleted") == 1


def test_asked_under_another_id_it_answers_again() -> None:
    told("content-service", *written("p"))

    told("content-service", ASKED)
    told("content-service", ASKED)

    assert [answer.removed for answer in appended("content_erasure")] == [1, 0]  # type: ignore[attr-defined]


def test_a_user_who_has_nothing_is_answered_too() -> None:
    told("content-service", ASKED)

    assert appended("content_erasure") == [ContentErased(deletion_id="d", user_id="ann", removed=0)]


def test_what_its_author_removed_before_is_no_obstacle() -> None:
    created = written("p", "q")
    told("content-service", *created)
    execute("p", DeletePost())

    told("content-service", ASKED)

    assert status("p", "q") == ["deleted", "deleted"]
    assert [event.event_type for event in get_events(StreamId("post", "p"))].count("content.post.deleted") == 1


def test_what_is_removed_is_not_known_any_more_whoever_removes_it() -> None:
    told("content-service", *written("p", "q"))
    told("content-service", ContentPostDeleted(post_id="p", user_id="ann", deleted_at=AT))

    assert [row.aggregate_id for row in ContentBelonging.objects.all()] == ["q"]
    told("content-service", *written("r"), ContentPostDeleted(post_id="r", user_id="ann", deleted_at=AT))
    assert [row.aggregate_id for row in ContentBelonging.objects.all()] == ["q"]


def test_what_is_heard_of_after_the_erasure_is_removed_at_once() -> None:
    late = written("late")
    told("content-service", ASKED)

    told("content-service", *late)

    assert status("late") == ["deleted"]
    assert not ContentBelonging.objects.exists()


def test_what_is_heard_of_while_the_user_is_erased_is_removed_too() -> None:
    late = written("late")

    def hear() -> None:
        try:
            told("content-service", *late)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            told("content-service", ASKED)
            hearing = pool.submit(hear)
            # It waits for the erasure's end: before that, it would find nobody gone.
            eventually(lambda: rows(WAITING) or hearing.done())
        hearing.result()

    assert status("late") == ["deleted"]
    assert not ContentBelonging.objects.exists()


def test_messages_go_and_the_conversation_stays() -> None:
    execute("talk", OpenConversation(opened_by="ann", end_to_end_encrypted=False))
    for message_id, sender_id in (("1", "ann"), ("2", "bob"), ("3", "ann")):
        execute("talk", PersistMessage(message_id=message_id, sender_id=sender_id))
        sent = MessagePersisted(message_id=message_id, conversation_id="talk", sender_id=sender_id, created_at=AT)
        told("messaging-service", sent)
    execute("talk", DeleteMessage(message_id="3"))
    told("messaging-service", MessageDeleted(message_id="3", conversation_id="talk", deleted_at=AT))

    told("messaging-service", MessagesErasureRequested(deletion_id="d", user_id="ann"))

    state = load_aggregate(CONVERSATION, "talk").state
    assert [state.messages.get(number) for number in "123"] == [False, True, False]
    assert appended("message_erasure") == [MessagesErased(deletion_id="d", user_id="ann", removed=1)]


def test_feeds_forget_a_user_in_pages_and_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "PAGE", 2)
    follows = [UserFollowed(follower_id=f"u{number}", followed_id="ann") for number in range(3)]
    told("feed-service", *follows, UserFollowed(follower_id="ann", followed_id="u1"))
    told("feed-service", UserFollowed(follower_id="u1", followed_id="u2"))

    told("feed-service", FeedErasureRequested(deletion_id="d", user_id="ann"))
    go_on("feed-service", "feed_erasure")
    assert appended("feed_erasure")[-1] == FeedErased(deletion_id="d", user_id="ann", removed=4)

    told("feed-service", UserFollowed(follower_id="u0", followed_id="ann"))
    assert list(FeedFollow.objects.values_list("follower_id", "followed_id")) == [("u1", "u2")]
    assert FeedAuthor.objects.get(user_id="ann").is_erased


def test_search_answers_whether_it_knew_the_user_or_not() -> None:
    told("search-service", SearchErasureRequested(deletion_id="d", user_id="ann"))

    assert appended("search_erasure") == [SearchErased(deletion_id="d", user_id="ann", removed=1)]


def test_a_removal_is_caused_by_what_asked_for_it() -> None:
    told("content-service", *written("p"))
    event: ReceivedEvent = received(ASKED, correlation_id=uuid4())
    take_effect(group_named("content-service"), [event])

    removal = get_events(StreamId("post", "p"))[-1]
    assert removal.correlation_id == event.correlation_id
    assert removal.causation_id == event.event_id
