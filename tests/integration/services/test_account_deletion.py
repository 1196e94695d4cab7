"""An account is deleted, by services that know each other by their events alone, over Kafka (A2, E4)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import Struct

from events.api import Expected, NewEvent, StreamId, append_events, execute, get_events, load_aggregate
from nova.services.content.aggregates.comment import COMMENT, AddComment
from nova.services.content.aggregates.post import POST, CreatePost
from nova.services.content.events import ContentErased, ContentErasureRequested
from nova.services.content.models import ContentBelonging
from nova.services.erasure.belongings import Belonging
from nova.services.feed.models import FeedAuthor, FeedFollow
from nova.services.feed.queries import feed
from nova.services.identity.aggregates import CreateUser, RequestDeletion, WithdrawDeletion
from nova.services.identity.models import User, UserAccount
from nova.services.identity.projections import UsersProjection
from nova.services.media.aggregates import MEDIA, CompleteUpload, StartUpload
from nova.services.media.models import MediaBelonging
from nova.services.messages.aggregates import CONVERSATION, OpenConversation, PersistMessage
from nova.services.messages.models import MessageBelonging
from nova.services.search.queries import search
from nova.services.social.aggregates.follow import FollowUser
from outbox.api import group_named, relay_runner
from outbox.hosting.runners import consumer_runner
from outbox.models import DeadLetter
from sagas.api import fire_due
from sagas.models import SagaState, SagaTimer
from tests.support.outbox import eventually, hosted
from tests.support.projections import catch_up

pytestmark = pytest.mark.usefixtures("recording", "redis_url", "kafka", "prefix", "equal_to_the_log")
GROUPS = (
    *("account-deletion", "identity-service", "content-service", "media-service", "messaging-service"),
    *("feed-service", "search-service"),
)


def state(aggregate: Any, aggregate_id: str) -> Any:
    return load_aggregate(aggregate, aggregate_id).state


def found(word: str) -> list[str]:
    return sorted(hit.id for hit in search(word).items)


def shown(user_id: str) -> list[str]:
    return sorted(post.post_id for post in feed(user_id).items)


def owned(table: type[Belonging], user_id: str) -> int:
    return table._default_manager.filter(owner_id=user_id).count()


def standing() -> list[str]:
    return list(SagaState.objects.filter(saga_type="account-deletion").values_list("status", flat=True))


def answers(deletion_id: str) -> list[Struct]:
    return [event.payload for event in get_events(StreamId("content_erasure", deletion_id))]


def let_the_grace_pass() -> None:
    SagaTimer.objects.filter(step="second-thoughts").update(due_at=datetime.now(UTC))
    assert fire_due() == 1


def lives() -> None:
    """Ann and Bob know each other, write, comment, upload and talk."""
    for name in ("Ann", "Bob"):
        execute(name.lower(), CreateUser(email=f"{name.lower()}@example.org", name=name))
        execute(f"{name}-post", CreatePost(author_id=name.lower(), caption="tea in the morning"))
        execute(f"{name}-photo", StartUpload(user_id=name.lower(), file_name=f"{name}.jpg"))
    execute("Ann-photo", CompleteUpload(media_id="m", size_bytes=9))
    execute("ann:bob", FollowUser(follower_id="ann", followed_id="bob"))
    execute("bob:ann", FollowUser(follower_id="bob", followed_id="ann"))
    execute("Ann-comment", AddComment(post_id="Bob-post", author_id="ann"))
    execute("Bob-comment", AddComment(post_id="Ann-post", author_id="bob"))
    execute("talk", OpenConversation(opened_by="ann", end_to_end_encrypted=False, search_enabled=True))
    execute("talk", PersistMessage(message_id="1", sender_id="ann", content="a secret"))
    execute("talk", PersistMessage(message_id="2", sender_id="bob", content="I see"))


def are_known() -> bool:
    """Whether everybody has heard of it."""
    tables: dict[type[Belonging], int] = {ContentBelonging: 4, MediaBelonging: 2, MessageBelonging: 2}
    return (
        all(table._default_manager.count() == number for table, number in tables.items())
        and FeedFollow.objects.count() == 2
        and (shown("bob"), shown("ann")) == (["Ann-post"], ["Bob-post"])
        and (found("tea"), found("ann")) == (["Ann-post", "Bob-post"], ["ann"])
    )


def test_everything_that_was_a_users_goes_with_the_account_and_nothing_else_does() -> None:
    lives()
    with hosted(relay_runner(), *(consumer_runner(group_named(name)) for name in GROUPS)):
        eventually(are_known, within=90)
        wanted: Any = execute("ann", RequestDeletion()).payloads[0]
        eventually(lambda: standing() == ["waiting"])
        assert are_known()

        let_the_grace_pass()
        eventually(lambda: standing() == ["completed"])
        eventually(lambda: found("tea") == ["Bob-post"] and found("ann") == [])
        eventually(lambda: shown("bob") == [])

        # What is created all the same, as its event was on its way, goes as soon as it is heard of.
        execute("late", CreatePost(author_id="ann", caption="tea again"))
        execute("late", StartUpload(user_id="ann", file_name="late.jpg"))
        execute("talk", PersistMessage(message_id="3", sender_id="ann", content="wait"))
        late: list[Callable[[], bool]] = [
            lambda: state(POST, "late").status == "deleted",
            lambda: state(MEDIA, "late").status == "deleted",
            lambda: state(CONVERSATION, "talk").messages.get("3") is False,
            lambda: found("tea") == ["Bob-post"],
        ]
        for is_gone in late:
            eventually(is_gone)

        # Asked for the same once more, under another id.
        again = ContentErasureRequested(deletion_id=wanted.deletion_id, user_id="ann")
        append_events(StreamId("account_deletion", wanted.deletion_id), Expected.ANY, [NewEvent(payload=again)])
        eventually(lambda: len(answers(wanted.deletion_id)) == 2)
    catch_up(UsersProjection())

    assert answers(wanted.deletion_id) == [
        ContentErased(deletion_id=wanted.deletion_id, user_id="ann", removed=removed) for removed in (2, 0)
    ]
    assert [state(POST, name).status for name in ("Ann-post", "Bob-post")] == ["deleted", "published"]
    assert [state(COMMENT, name).status for name in ("Ann-comment", "Bob-comment")] == ["removed", "there"]
    assert [state(MEDIA, name).status for name in ("Ann-photo", "Bob-photo")] == ["deleted", "running"]
    talk = state(CONVERSATION, "talk")
    assert (talk.status, talk.messages.get("1"), talk.messages.get("2")) == ("open", False, True)
    row = User.objects.get(user_id="ann")
    assert (row.status, row.is_erased, row.username, row.email) == ("deleted", True, "", "")
    assert list(UserAccount.objects.values_list("user_id", flat=True)) == ["bob"]
    assert not FeedFollow.objects.exists()
    assert FeedAuthor.objects.get(user_id="ann").is_erased
    assert shown("ann") == []
    assert [owned(table, "ann") for table in (ContentBelonging, MediaBelonging, MessageBelonging)] == [0, 0, 0]
    assert [owned(table, "bob") for table in (ContentBelonging, MediaBelonging, MessageBelonging)] == [2, 1, 1]
    assert standing() == ["completed"]
    assert not DeadLetter.objects.exists()


def test_who_withdraws_at_the_last_moment_keeps_the_account_and_may_ask_again() -> None:
    execute("ann", CreateUser(email="ann@example.org", name="Ann"))
    execute("p", CreatePost(author_id="ann", caption="tea"))

    with hosted(relay_runner(), *(consumer_runner(group_named(name)) for name in GROUPS)):
        execute("ann", RequestDeletion())
        eventually(lambda: standing() == ["waiting"])
        execute("ann", WithdrawDeletion())
        eventually(lambda: standing() == ["compensated"])
        execute("ann", RequestDeletion())
        eventually(lambda: sorted(standing()) == ["compensated", "waiting"])

    assert state(POST, "p").status == "published"
    assert UserAccount.objects.filter(user_id="ann").exists()
    assert not DeadLetter.objects.exists()
