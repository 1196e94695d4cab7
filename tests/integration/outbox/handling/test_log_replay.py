"""Events of the log are given to one handler again: in order, once a replay, and without effects unless asked for."""

import getpass
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import redis
from django.core.management import CommandError, call_command
from django.db import transaction

from events.api import NewEvent, StreamId, append_events, get_events, last_position
from nova.services.analytics.models import DailyEventCount
from nova.services.content.models import KnownUser
from nova.services.search.models import SearchDocument
from nova.services.search.projections import DOCUMENTS
from outbox.api import (
    ConsumerGroup,
    Handler,
    ReceivedEvent,
    ReplayRefused,
    ReplayStopped,
    have_effect,
    replay_events,
)
from outbox.handling import handlers as registered
from outbox.models import HandlerReplay, InboxEntry
from projections.api import verify_handled
from tests.support.feeds import named
from tests.support.projections import NOON, created, record
from tests.support.read_models import hear

pytestmark = pytest.mark.usefixtures("recording", "redis_url")

WHO: dict[str, Any] = {"actor": "ann", "reason": "the handler was mended"}


@pytest.fixture
def seen() -> list[str]:
    return []


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch, seen: list[str]) -> Callable[..., None]:
    """A group `planted` with a handler `notes` of created users, beside one that must notice nothing."""

    def plant(handle: Callable[[ReceivedEvent], None] | None = None, **fields: Any) -> None:
        def note(event: ReceivedEvent) -> None:
            seen.append(str(event.aggregate_id))

        def never(event: ReceivedEvent) -> None:
            raise AssertionError("another handler was given an event")

        types = ("identity.user.created",)
        handlers = (
            Handler(name="notes", event_types=types, handle=handle or note, **fields),
            Handler(name="others", event_types=types, handle=never),
        )
        monkeypatch.setitem(registered._groups, "planted", ConsumerGroup(name="planted", handlers=handlers))

    return plant


def users(*names: str) -> None:
    for name in names:
        record(created(name))


def run(replay: Iterator[HandlerReplay]) -> HandlerReplay:
    return list(replay)[-1]


def test_events_of_a_time_go_to_one_handler_in_the_order_of_the_log(
    planted: Callable[..., None], seen: list[str]
) -> None:
    planted(repeatable=True)
    for number, name in enumerate(("early", "ann", "bob", "late")):
        moment = NOON + timedelta(hours=number)
        append_events(StreamId("user", name), -1, [NewEvent(payload=created(name), timestamp=moment)])
    replay = run(
        replay_events("planted", "notes", since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=3), **WHO)
    )
    assert seen == ["ann", "bob"]
    assert (replay.state, replay.done, replay.position) == ("done", 2, replay.target)
    assert (replay.actor, replay.reason) == ("ann", "the handler was mended")
    assert not InboxEntry.objects.exists()


def test_what_was_lost_of_a_read_model_comes_back_and_nothing_but_its_rows_changes(redis_url: str) -> None:
    users("ann", "bob")
    record(named("bob", "Bob B.", minute=5))
    hear("search-service", "content-service")
    SearchDocument.objects.filter(document_id="bob").delete()
    KnownUser.objects.all().delete()
    appended, client = last_position(), redis.Redis.from_url(redis_url)
    client.flushdb()
    run(replay_events("search-service", "search-users", since=NOON - timedelta(days=1), **WHO))
    run(replay_events("content-service", "local-users", since=NOON - timedelta(days=1), **WHO))
    assert verify_handled(DOCUMENTS).difference is None
    assert sorted(KnownUser.objects.values_list("pk", flat=True)) == ["ann", "bob"]
    assert client.keys("*") == []
    assert last_position() == appended


def test_a_handler_that_does_not_bear_an_event_twice_is_given_none_unless_that_is_said() -> None:
    users("ann")
    hear("analytics-service")
    users("bob")
    with pytest.raises(ReplayRefused, match="twice"):
        replay_events("analytics-service", "analytics-counts", since=NOON, **WHO)
    replay = run(
        replay_events("analytics-service", "analytics-counts", since=NOON - timedelta(days=1), again=True, **WHO)
    )
    # What the group has not had will come by itself: given now, it would be counted twice.
    assert (replay.done, replay.passed_over) == (1, 1)
    assert DailyEventCount.objects.get().count == 2


def test_effects_take_place_only_where_they_are_asked_for(planted: Callable[..., None]) -> None:
    fired: list[str] = []

    def act(event: ReceivedEvent) -> None:
        have_effect(lambda: fired.append("at once"))
        transaction.on_commit(lambda: fired.append("after the commit"))

    planted(act, repeatable=True)
    users("ann")
    run(replay_events("planted", "notes", since=NOON - timedelta(days=1), **WHO))
    assert fired == []
    run(replay_events("planted", "notes", since=NOON - timedelta(days=1), effects=True, **WHO))
    assert fired == ["at once", "after the commit"]


def test_an_append_that_is_no_declared_effect_stops_a_replay(planted: Callable[..., None]) -> None:
    def answer(event: ReceivedEvent) -> None:
        append_events(StreamId("user", f"of {event.aggregate_id}"), -1, [NewEvent(payload=created("echo"))])

    planted(answer, repeatable=True)
    users("ann")
    with pytest.raises(ReplayStopped, match="have_effect"):
        run(replay_events("planted", "notes", since=NOON - timedelta(days=1), **WHO))
    assert not get_events(StreamId("user", "of ann"))
    run(replay_events("planted", "notes", since=NOON - timedelta(days=1), effects=True, **WHO))
    assert len(get_events(StreamId("user", "of ann"))) == 1


def test_a_handler_whose_effect_is_outside_the_database_is_refused_without_effects(
    planted: Callable[..., None], seen: list[str]
) -> None:
    planted(outside=True, repeatable=True)
    users("ann")
    with pytest.raises(ReplayRefused, match="outside the database"):
        replay_events("planted", "notes", since=NOON, **WHO)
    run(replay_events("planted", "notes", since=NOON - timedelta(days=1), effects=True, **WHO))
    assert seen == ["ann"]


def test_a_replay_that_stopped_goes_on_where_it_was_and_gives_nothing_twice(
    planted: Callable[..., None], settings: Any
) -> None:
    settings.NOVA_CONSUMER_BATCH = 2
    rows: list[str] = []
    broken = {"cem"}

    def note(event: ReceivedEvent) -> None:
        if event.aggregate_id in broken:
            raise LookupError("nobody there")
        SearchDocument.objects.create(kind="user", document_id=f"note of {event.aggregate_id}")
        rows.append(str(event.aggregate_id))

    planted(note, repeatable=True)
    users("ann", "bob", "cem", "dan")
    with pytest.raises(ReplayStopped, match="nobody there") as stopped:
        run(replay_events("planted", "notes", since=NOON - timedelta(days=1), **WHO))
    replay = HandlerReplay.objects.get(pk=stopped.value.replay_id)
    assert (replay.state, replay.done) == ("running", 2)
    assert "nobody there" in replay.error
    broken.clear()
    said = command("planted", "--resume", str(replay.pk))
    assert "4 events handled" in said
    # Each is there once: a second time would have broken the table's key.
    assert SearchDocument.objects.count() == len(rows) == 4
    assert run_state(replay) == ("done", "")
    with pytest.raises(CommandError, match="is done"):
        command("planted", "--resume", str(replay.pk))


def test_from_the_command_line(planted: Callable[..., None], seen: list[str]) -> None:
    planted(repeatable=True)
    users("ann", "bob")
    said = command("planted", "--handler", "notes", "--from-time", "2020-01-01T00:00:00Z", "--reason", "a test")
    assert seen == ["ann", "bob"]
    assert "2 events handled" in said
    assert HandlerReplay.objects.values_list("actor", "reason").get() == (getpass.getuser(), "a test")
    for wrong, words in (
        (("--handler", "nobody", "--from-time", "2020-01-01T00:00:00Z", "--reason", "x"), "has no handler 'nobody'"),
        (("--handler", "notes", "--reason", "x"), "needs --from-time"),
        (("--handler", "notes", "--type", "x", "--from-time", "2020-01-01T00:00:00Z"), "about messages of a topic"),
        (("--resume", "77"), "has no replay 77"),
    ):
        with pytest.raises(CommandError, match=words):
            command("planted", *wrong)


def command(*words: str) -> str:
    out = StringIO()
    call_command("consumers", "replay", *words, stdout=out)
    return out.getvalue()


def run_state(replay: HandlerReplay) -> tuple[str, str]:
    replay.refresh_from_db()
    return replay.state, replay.error
