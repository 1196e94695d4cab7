"""Tables that handlers keep are compared with a fold of what their group has had; no effect takes place meanwhile."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from events.api import NewEvent, StreamId, append_events, last_position, stream_log
from nova.services.analytics.models import DailyEventCount, HourlyEventCount
from nova.services.analytics.projections import COUNTS
from nova.services.content.events import ContentErasureRequested
from nova.services.content.models import ContentBelonging, FormerAuthor, KnownUser
from nova.services.content.projections import USERS
from nova.services.feed.projections import FEEDS
from nova.services.identity.events import UserDeleted, UserNameChanged
from nova.services.search.models import SearchDocument
from nova.services.search.projections import DOCUMENTS
from outbox.api import ConsumerGroup, Handler, ReceivedEvent, group_named, have_effect, take_effect
from outbox.handling import handlers as registered
from outbox.models import DeadLetter, InboxEntry
from projections.api import CannotVerify, HandledReadModel, verify_handled
from projections.definition.registry import register_handled
from projections.verification import folding
from tests.support.feeds import at, follow, gone, named, post, removal, status
from tests.support.projections import created, record
from tests.support.read_models import differences_from_the_log, hear, posted
from tests.support.received import received

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")

GROUPS = ("search-service", "feed-service", "content-service", "analytics-service")


def command(*words: str) -> str:
    out = StringIO()
    call_command("projections", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def heard(committed_db: None, redis_url: str) -> None:
    """Groups that have heard of some users and posts."""
    for name in ("ann", "bob", "cem"):
        record(created(name))
    record(named("bob", "Bob B.", minute=5))
    posted(post("p1"), post("p2", "bob", minute=1), status("p1", "archived"), removal("p2", author="bob"))
    record(follow("ann", "bob"), stream="ann")
    record(gone("cem"))
    hear(*GROUPS)


@pytest.fixture
def keeping(monkeypatch: pytest.MonkeyPatch) -> Callable[..., HandledReadModel]:
    """A group with one handler of documents, which has heard of the log."""

    def keep(handle: Callable[[ReceivedEvent], None], *event_types: str, **fields: Any) -> HandledReadModel:
        handler = Handler(name="planted", event_types=event_types, handle=handle)
        monkeypatch.setitem(registered._groups, "planted", ConsumerGroup(name="planted", handlers=(handler,)))
        return HandledReadModel(
            name="planted", group="planted", handlers=("planted",), models=(SearchDocument,), **fields
        )

    return keep


@pytest.mark.usefixtures("heard")
def test_what_equals_the_log_passes_also_while_a_group_is_behind():
    assert differences_from_the_log() == []
    posted(post("p3", minute=9))
    record(named("ann", "of whom no group has heard", minute=9))
    assert differences_from_the_log() == []
    assert verify_handled(DOCUMENTS, sample=2).difference is None
    assert verify_handled(COUNTS, sample=2).difference is None
    assert verify_handled(USERS, sample=2).difference is None
    assert command("verify", "search-documents") == "search-documents is what the log says.\n"


@pytest.mark.parametrize(
    ("model", "change", "said"),
    [
        (
            "search-documents",
            lambda: SearchDocument.objects.filter(document_id="p1").update(text="x"),
            "search_documents post p1: text is 'x'",
        ),
        (
            "search-documents",
            lambda: SearchDocument.objects.filter(document_id="ann").delete(),
            "user ann: is not stored",
        ),
        (
            "search-documents",
            lambda: SearchDocument.objects.create(kind="post", document_id="p9"),
            "search_documents post p9: no event speaks of it",
        ),
        (
            "analytics-counts",
            lambda: DailyEventCount.objects.filter(event_type="user.followed").update(count=2),
            "user.followed: count is 2, by the log 1",
        ),
        (
            "analytics-counts",
            lambda: HourlyEventCount.objects.filter(event_type="user.followed").update(count=2),
            ":00:00+00:00 user.followed: count is 2, by the log 1",
        ),
        (
            "content-users",
            lambda: KnownUser.objects.filter(pk="bob").update(email=""),
            "content_users bob: email is ''",
        ),
        ("content-belongings", lambda: FormerAuthor.objects.create(pk="zoe"), "zoe: no event speaks of it"),
    ],
)
@pytest.mark.usefixtures("heard")
def test_the_first_difference_is_named_by_row_and_column(model: str, change: Callable[[], Any], said: str) -> None:
    change()
    with pytest.raises(CommandError) as refused:
        command("verify", model)
    assert said in str(refused.value)
    assert refused.value.returncode == 1


@pytest.mark.usefixtures("heard")
def test_a_sample_finds_what_is_wrong_with_its_rows() -> None:
    SearchDocument.objects.update(text="x")
    difference = verify_handled(DOCUMENTS, sample=1).difference
    assert difference is not None
    assert (difference.column, difference.stored) == ("text", "x")
    with pytest.raises(CannotVerify, match="does not say which row"):
        verify_handled(FEEDS, sample=1)


@pytest.mark.usefixtures("heard")
def test_no_effect_takes_place_and_nothing_live_is_changed(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given rows of which Redis is not told, and a user whose belongings are to be removed
    posted(post("p4", minute=20))
    hear(*GROUPS)
    append_events(
        StreamId("content_erasure", "d"),
        -1,
        [NewEvent(payload=ContentErasureRequested(deletion_id="d", user_id="ann"))],
    )
    hear("content-service")
    assert FormerAuthor.objects.filter(pk="ann").exists()
    appended, before = last_position(), list(SearchDocument.objects.order_by("pk").values())
    counts, inbox = list(DailyEventCount.objects.values()), InboxEntry.objects.count()
    client = redis.Redis.from_url(redis_url)
    client.flushdb()
    # When all is verified, in two orders
    differences_from_the_log()
    # Then Redis has been told nothing, nothing was appended, and all is as it was
    assert client.keys("*") == []
    assert last_position() == appended
    assert list(SearchDocument.objects.order_by("pk").values()) == before
    assert (list(DailyEventCount.objects.values()), InboxEntry.objects.count()) == (counts, inbox)
    assert not ContentBelonging.objects.exists()
    assert connection.run_on_commit == []


def test_an_effect_that_nobody_has_declared_is_refused_by_the_database(
    keeping: Callable[..., HandledReadModel],
) -> None:
    def append(event: ReceivedEvent) -> None:
        append_events(StreamId("user", "echo"), -1, [NewEvent(payload=created("echo"))])

    def append_as_effect(event: ReceivedEvent) -> None:
        have_effect(partial(append, event))

    record(created("ann"))
    model = keeping(append, "identity.user.created")
    hear("planted")
    with pytest.raises(CannotVerify, match="have_effect"):
        verify_handled(model)
    position = last_position()
    assert verify_handled(keeping(append_as_effect, "identity.user.created")).difference is None
    assert last_position() == position


def test_a_handler_whose_rows_depend_on_the_order_of_keys_is_found(keeping: Callable[..., HandledReadModel]) -> None:
    def last_wins(event: ReceivedEvent) -> None:
        SearchDocument.objects.update_or_create(
            kind="user", document_id="newest", defaults={"text": str(event.aggregate_id)}
        )

    record(created("ann"))
    record(created("bob"))
    # Given a handler that keeps whoever comes last, of users with a key each
    model = keeping(last_wins, "identity.user.created")
    hear("planted")
    # When messages happened to come in the order of the log
    assert verify_handled(model).difference is None
    # Then another order that they could have had tells
    difference = verify_handled(model, reorder=True).difference
    assert difference is not None
    assert (difference.key, difference.column) == ("user newest", "text")
    # And where they have come in that order, the log's own does
    SearchDocument.objects.update(text="ann")
    assert verify_handled(model).difference is not None


@pytest.mark.parametrize("seed", range(5))
def test_handlers_keep_the_same_rows_in_whatever_order_messages_come(seed: int) -> None:
    for name in ("ann", "bob", "cem"):
        record(created(name))
        record(named(name, f"The {name}", minute=5))
    posted(*(post(f"p{number}", "bob" if number % 2 else "cem", minute=number) for number in range(6)))
    posted(status("p1", "archived", author="bob"), removal("p2", author="cem"), status("p3", "archived", author="bob"))
    record(follow("ann", "bob"), stream="ann")
    record(follow("bob", "cem"), stream="bob")
    record(gone("cem", soft=False))
    record(gone("bob"))
    # Told by the other topic, of an earlier end
    record(UserDeleted(user_id="cem", deleted_at=at(50)))
    record(UserDeleted(user_id="bob", deleted_at=at(50)))
    record(UserNameChanged(user_id="ann", old_name="ann", new_name="Anna"))
    hear(*GROUPS, seed=seed)
    assert differences_from_the_log() == []


@pytest.mark.usefixtures("heard")
def test_dead_letters_are_missing_in_both_also_where_the_inbox_has_forgotten(settings: Any) -> None:
    posted(post("p5", minute=30))
    (event,) = (one for one in _log() if one.aggregate_id == "p5")
    DeadLetter.objects.create(
        consumer="search-service",
        event_id=event.event_id,
        event_type=event.event_type,
        topic="t",
        partition=0,
        offset=0,
        headers=[],
        exception="E",
        message="",
        frame="",
        failure_group="g",
        attempts=1,
    )
    assert verify_handled(DOCUMENTS).difference is None
    # Given an inbox that remembers nothing of it any more
    InboxEntry.objects.all().delete()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("outbox.handling.logged_events.datetime", _Later)
        assert verify_handled(DOCUMENTS).difference is None
        DeadLetter.objects.update(status="retried")
        difference = verify_handled(DOCUMENTS).difference
    assert difference is not None
    assert difference.key == "post p5"


@pytest.mark.usefixtures("heard")
def test_events_from_outside_are_folded_where_they_are_kept_and_named_where_they_are_not() -> None:
    outside = received(created("dan"), event_id=uuid4(), aggregate_type="user", aggregate_id="dan", version=1)
    for name in GROUPS:
        take_effect(group_named(name), [outside])
    # The content service listens to users and keeps their events
    assert verify_handled(USERS).unkept == 0
    assert verify_handled(USERS).difference is None
    verified = verify_handled(COUNTS)
    assert (verified.unkept, verified.example) == (1, outside.event_id)
    assert verified.difference is not None
    with pytest.raises(CommandError, match=f"1 events came from outside .* {outside.event_id}"):
        command("verify", "analytics-counts")


def test_one_moment_is_compared_while_a_group_goes_on() -> None:
    for number in range(20):
        posted(post(f"p{number}", minute=number))
    stop = threading.Event()

    def go_on() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            posted(status(f"p{number % 20}", "archived" if number % 3 else "published", minute=100 + number))
            hear("search-service", "analytics-service")
        connection.close()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        found = [verify_handled(model).difference for _ in range(5) for model in (DOCUMENTS, COUNTS)]
    finally:
        stop.set()
        thread.join(30)
    assert found == [None] * 10
    assert InboxEntry.objects.filter(consumer="search-service").count() > 20, "nothing was going on"


def test_more_than_a_page_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "PAGE", 3)
    posted(*(post(f"p{number}", minute=number) for number in range(10)))
    hear("search-service")
    assert verify_handled(DOCUMENTS).difference is None


def test_what_is_not_there_is_said(keeping: Callable[..., HandledReadModel]) -> None:
    model = HandledReadModel(name="x", group="search-service", handlers=("nobody",), models=(SearchDocument,))
    with pytest.raises(CannotVerify, match="no handler 'nobody'"):
        verify_handled(model)
    with pytest.raises(CommandError, match="no projection is named"):
        command("verify", "nothing")
    with pytest.raises(ValueError, match="twice"):
        register_handled(HandledReadModel(name="users", group="g", handlers=(), models=()))


def _log() -> list[Any]:
    return list(stream_log())


class _Later:
    """A clock long after all that was recorded."""

    @staticmethod
    def now(zone: Any) -> Any:
        return timezone.now().astimezone(zone) + timedelta(days=30)
