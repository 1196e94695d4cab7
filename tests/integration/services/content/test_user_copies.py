"""The content service's copies of users: rows of its own, and Redis in front of them, which may be emptied (A8)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from django.db import transaction
from msgspec import Struct

from nova.services.content import user_copies
from nova.services.content.models import KnownUser
from nova.services.content.user_copies import LocalUser, local_user
from nova.services.identity.events import (
    IdentityUserCreated,
    UserCreated,
    UserDeleted,
    UserEmailChanged,
    UserNameChanged,
)
from outbox.api import group_named, take_effect
from tests.support.received import received
from tests.support.threads import in_another_thread

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CREATED = UserCreated(user_id="u1", email="ann@example.org", username="ann", created_at=NOW)
ANN = LocalUser(id="u1", username="ann", email="ann@example.org")
RENAMED = UserNameChanged(user_id="u1", old_name="ann", new_name="annie")
ANNIE = LocalUser(id="u1", username="annie", email="ann@example.org")


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def tell(*payloads: Struct) -> None:
    take_effect(group_named("content-service"), [received(payload) for payload in payloads])


def test_the_copy_is_in_redis_for_a_day_once_the_event_is_handled(client: redis.Redis) -> None:
    tell(CREATED)
    assert client.get("user:u1") is not None
    assert 86_000 < client.ttl("user:u1") <= 86_400


def test_an_emptied_redis_heals_by_itself(client: redis.Redis) -> None:
    tell(CREATED, RENAMED)
    client.flushall()

    assert local_user("u1") == ANNIE
    assert 86_000 < client.ttl("user:u1") <= 86_400


def test_a_change_after_redis_was_emptied_is_not_lost(client: redis.Redis) -> None:
    tell(CREATED)
    client.flushall()
    tell(UserEmailChanged(user_id="u1", old_email="ann@example.org", new_email="new@example.org"))
    assert local_user("u1") == LocalUser(id="u1", username="ann", email="new@example.org")


def test_readers_have_the_table_while_redis_is_away(settings: Any) -> None:
    tell(CREATED)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert local_user("u1") == ANN
    assert local_user("nobody") is None


def test_nothing_is_handled_while_redis_is_away(settings: Any, redis_url: str) -> None:
    """The old copy could not be removed, and would be read for a day."""
    tell(CREATED)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(redis.ConnectionError):
        tell(RENAMED)
    settings.REDIS_URL = redis_url
    assert local_user("u1") == ANN
    tell(RENAMED)
    assert local_user("u1") == ANNIE


def test_what_is_not_committed_is_neither_known_nor_copied(client: redis.Redis) -> None:
    with pytest.raises(LookupError), transaction.atomic():
        tell(CREATED)
        raise LookupError
    assert local_user("u1") is None
    assert not client.exists("user:u1")


def test_a_deleted_user_stays_deleted_and_leaves_no_personal_data(client: redis.Redis) -> None:
    tell(CREATED)
    tell(UserDeleted(user_id="u1", deleted_at=NOW), RENAMED)
    tell(IdentityUserCreated(user_id="u1", username="ann", email="ann@example.org", created_at=NOW))
    client.flushall()

    assert local_user("u1") is None
    assert KnownUser.objects.values_list("username", "email", "is_deleted").get() == ("", "", True)
    assert not client.exists("user:u1")


def test_a_reader_keeps_nothing_of_a_row_that_somebody_is_changing(client: redis.Redis) -> None:
    tell(CREATED)
    client.flushall()
    with transaction.atomic():
        tell(RENAMED)
        assert in_another_thread(lambda: local_user("u1")) == ANN
        assert not client.exists("user:u1")
    assert local_user("u1") == ANNIE


def test_a_reader_who_does_not_look_keeps_what_is_no_longer_so(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: the test above must see it."""
    tell(CREATED)
    client.flushall()
    monkeypatch.setattr(user_copies, "_show_copies", lambda _: None)

    def careless() -> None:
        client.set("user:u1", b'{"id":"u1","username":"ann","email":"ann@example.org"}')

    with transaction.atomic():
        tell(RENAMED)
        in_another_thread(careless)
    assert local_user("u1") == ANN


def test_a_copy_that_was_not_put_there_after_the_commit_is_put_there_by_a_reader(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(CREATED)
    with monkeypatch.context() as crashed:
        crashed.setattr(user_copies, "_show_copies", lambda _: None)
        tell(RENAMED)
    assert not client.exists("user:u1")
    assert local_user("u1") == ANNIE
