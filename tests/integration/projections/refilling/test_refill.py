"""Tables that handlers keep become what the log says, while groups and readers go on; nothing is lost."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from events.api import last_position
from nova.services.analytics.models import HourlyEventCount
from nova.services.analytics.projections import COUNTS
from nova.services.content.models import KnownUser
from nova.services.content.projections import USERS
from nova.services.content.user_copies import local_user
from nova.services.feed.models import FeedAuthor, FeedPost
from nova.services.feed.projections import FEEDS
from nova.services.search.models import SearchDocument
from nova.services.search.projections import DOCUMENTS
from outbox.api import group_named, take_effect
from projections.api import HandledReadModel, RefillRefused, refill, verify_handled
from projections.models import ProjectionOperation
from projections.refilling import refill as refilling
from tests.support.feeds import named, post, status
from tests.support.projections import created, record
from tests.support.read_models import hear, posted
from tests.support.received import received
from tests.support.threads import in_another_thread

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")

GROUPS = ("search-service", "feed-service", "content-service")
WHO: dict[str, Any] = {"actor": "ann", "reason": "rows were lost"}


@pytest.fixture
def heard(committed_db: None, redis_url: str) -> None:
    for name in ("ann", "bob"):
        record(created(name))
    record(named("bob", "Bob B.", minute=5))
    posted(post("p1"), post("p2", "bob", minute=1), status("p1", "archived"))
    hear(*GROUPS)


def spoil() -> None:
    """One row wrong, one gone, one that nobody has spoken of."""
    SearchDocument.objects.filter(document_id="bob").update(text="x")
    SearchDocument.objects.filter(document_id="p1").delete()
    SearchDocument.objects.create(kind="post", document_id="p9")


def one_more() -> None:
    """A post that the group has had."""
    posted(post("p7", minute=50))
    hear("search-service")


@pytest.mark.usefixtures("heard")
def test_wrong_rows_are_exchanged_and_right_ones_are_not_touched() -> None:
    FeedAuthor.objects.update(is_shown=True)
    FeedPost.objects.update(is_shown=True)
    FeedPost.objects.filter(pk="p1").update(caption="x")
    spoil()
    done = refill(DOCUMENTS, **WHO)
    assert (done.removed, done.written) == (2, 2)
    assert verify_handled(DOCUMENTS).difference is None
    done = refill(FEEDS, **WHO)
    assert (done.removed, done.written) == (1, 1)
    assert verify_handled(FEEDS).difference is None
    # Redis is told of what was exchanged, and of nothing else
    assert list(FeedPost.objects.filter(is_shown=False).values_list("pk", flat=True)) == ["p1"]
    assert not FeedAuthor.objects.filter(is_shown=False).exists()
    assert (refill(DOCUMENTS, **WHO).removed, refill(DOCUMENTS, **WHO).written) == (0, 0)


def test_a_table_that_came_later_is_filled_and_what_was_there_before_stays() -> None:
    posted(post("p1"), post("p2", "bob", minute=1))
    hear("analytics-service")
    before = list(HourlyEventCount.objects.values())
    # As after the migration that has brought the hours
    HourlyEventCount.objects.all().delete()
    assert verify_handled(COUNTS).difference is not None
    done = refill(COUNTS, **WHO)
    assert (done.removed, done.written) == (0, len(before))
    assert list(HourlyEventCount.objects.values()) == before
    assert verify_handled(COUNTS).difference is None


@pytest.mark.usefixtures("heard")
def test_who_did_it_and_why_is_kept_and_a_command_does_it() -> None:
    spoil()
    out = StringIO()
    call_command("projections", "refill", "search-documents", "--reason", "they were spoilt", stdout=out)
    assert out.getvalue() == "search-documents is what the log says: 6 events folded, 2 rows removed, 2 written.\n"
    kept = ProjectionOperation.objects.values_list("projection", "verb", "actor", "reason").get()
    assert kept == ("search-documents", "refill", "manage.py", "they were spoilt")
    with pytest.raises(CommandError, match="rebuild it"):
        call_command("projections", "refill", "users")


@pytest.mark.usefixtures("heard")
def test_no_effect_takes_place_but_copies_of_exchanged_rows_are_forgotten(redis_url: str) -> None:
    assert local_user("ann") is not None
    with redis.Redis.from_url(redis_url) as client:
        appended = last_position()
        KnownUser.objects.filter(pk="bob").update(email="wrong@example.org")
        client.set("user:bob", b"{}")
        refill(USERS, **WHO)
        assert client.exists("user:ann")
        assert not client.exists("user:bob")
    assert last_position() == appended
    user = local_user("bob")
    assert user is not None
    assert user.email == "bob@example.org"


def test_what_a_group_takes_meanwhile_is_there_afterwards_and_readers_do_not_wait() -> None:
    for number in range(20):
        posted(post(f"p{number}", minute=number))
    hear("search-service")
    stop, numbers, empty = threading.Event(), [0], []

    def handle() -> None:
        while not stop.is_set():
            numbers[0] += 1
            posted(
                status(f"p{numbers[0] % 20}", "archived" if numbers[0] % 3 else "published", minute=100 + numbers[0])
            )
            hear("search-service")
        connection.close()

    def read() -> None:
        while not stop.is_set():
            empty.append(SearchDocument.objects.filter(kind="post").count() < 20)
        connection.close()

    threads = [threading.Thread(target=handle), threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    try:
        found = []
        for _ in range(5):
            SearchDocument.objects.filter(document_id="p3").update(text="x")
            refill(DOCUMENTS, **WHO)
            found.append(verify_handled(DOCUMENTS).difference)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert found == [None] * 5
    assert verify_handled(DOCUMENTS).difference is None
    assert numbers[0] > 5
    assert empty
    assert not any(empty)


@pytest.mark.usefixtures("heard")
def test_what_is_committed_between_the_fold_and_the_lock_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    original = refilling._lock

    def lock_late(shadows: Any) -> None:
        in_another_thread(one_more)
        original(shadows)

    monkeypatch.setattr(refilling, "_lock", lock_late)
    spoil()
    refill(DOCUMENTS, **WHO)
    assert SearchDocument.objects.get(document_id="p7").text == "caption of p7"
    assert verify_handled(DOCUMENTS).difference is None


@pytest.mark.usefixtures("heard")
def test_without_that_it_would_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: the test above must see it."""
    original_lock, original_fold = refilling._lock, refilling._fold

    def lock_late(shadows: Any) -> None:
        in_another_thread(one_more)
        original_lock(shadows)

    def fold_once(fold: Any, model: HandledReadModel, *, since: Any) -> None:
        if since is None:
            original_fold(fold, model, since=since)

    monkeypatch.setattr(refilling, "_lock", lock_late)
    monkeypatch.setattr(refilling, "_fold", fold_once)
    refill(DOCUMENTS, **WHO)
    assert not SearchDocument.objects.filter(document_id="p7").exists()


@pytest.mark.usefixtures("heard")
def test_a_writer_that_does_not_end_is_given_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refilling, "LOCK_ATTEMPTS", 2)
    monkeypatch.setattr(refilling, "LOCK_TIMEOUT", 50)
    monkeypatch.setattr(refilling, "LOCK_PAUSE", 0.01)
    spoil()
    with writing(), pytest.raises(RefillRefused, match="writes to the tables"):
        refill(DOCUMENTS, **WHO)
    assert SearchDocument.objects.get(document_id="bob").text == "x"
    refill(DOCUMENTS, **WHO)
    assert verify_handled(DOCUMENTS).difference is None


@pytest.mark.usefixtures("heard")
def test_rows_that_nobody_could_write_again_are_not_removed() -> None:
    outside = received(created("dan"), event_id=uuid4(), aggregate_type="user", aggregate_id="dan", version=1)
    for name in GROUPS:
        take_effect(group_named(name), [outside])
    with pytest.raises(RefillRefused, match="kept nowhere"):
        refill(DOCUMENTS, **WHO)
    assert SearchDocument.objects.filter(document_id="dan").exists()
    # The content service keeps what it hears of users from others.
    KnownUser.objects.all().delete()
    refill(USERS, **WHO)
    assert sorted(KnownUser.objects.values_list("pk", flat=True)) == ["ann", "bob", "dan"]


@contextmanager
def writing() -> Iterator[None]:
    """Within it, another transaction has written to the table and does not end."""
    began, stop = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            SearchDocument.objects.filter(document_id="ann").update(text="ann")
            began.set()
            stop.wait(30)
            transaction.set_rollback(True)
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert began.wait(30)
        yield
    finally:
        stop.set()
        thread.join(30)
