"""Whatever id somebody has at hand, one search finds what it names, of what they may see."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.urls import reverse

from events.api import Expected, NewEvent, StreamId, Untyped, append_events
from events.models import DomainEvent
from nova.finds import finds
from nova.finds.finds import KINDS, Kind, find
from nova.finds.kinds import PERMISSIONS, found_by_operator, found_with
from outbox.exceptions import BrokerUnavailable
from sagas.models import SagaState
from tests.support.console import client_of
from tests.support.journeys import append_note, dead_lettered

pytestmark = pytest.mark.usefixtures("db", "redis_url")

ALL: set[Kind] = set(KINDS)


def kinds_of(term: object, sees: set[Kind] = ALL) -> dict[str, list[str]]:
    return {one.kind: [item.key for item in one.items] for one in find(str(term), sees=sees).kinds}


def a_saga(key: str = "cup") -> UUID:
    saga_id = uuid4()
    SagaState.objects.create(saga_id=saga_id, saga_type="tea", key=key, status="running", state={}, version=1)
    return saga_id


def test_an_event_is_found_by_its_id_and_by_its_position() -> None:
    event_id = append_note()
    position = DomainEvent.objects.get().pk

    assert kinds_of(event_id) == {"event": [str(event_id)]}
    assert kinds_of(str(event_id).upper()) == {"event": [str(event_id)]}
    assert kinds_of(position) == {"event": [str(event_id)]}


def test_conversations_and_causes_are_found_with_their_events() -> None:
    conversation, cause = uuid4(), uuid4()
    first, second = (append_note(correlation_id=conversation, causation_id=cause) for _ in range(2))

    assert kinds_of(conversation) == {"correlation": [str(second), str(first)]}
    assert kinds_of(cause) == {"causation": [str(second), str(first)]}


def test_an_event_that_began_a_conversation_is_found_with_it_once_there_is_one() -> None:
    first = uuid4()
    event = NewEvent(payload=Untyped("note.taken", {}), event_id=first, correlation_id=first)
    append_events(StreamId("note", "n"), Expected.ANY, [event])
    assert list(kinds_of(first)) == ["event"]
    append_note(correlation_id=first)
    assert list(kinds_of(first)) == ["event", "correlation"]


def test_a_user_an_aggregate_and_its_stream_are_found() -> None:
    event_id = append_note("n1", user_id="ann")

    assert kinds_of("ann") == {"user": [str(event_id)]}
    assert kinds_of("n1") == {"stream": ["note/n1"]}
    assert kinds_of("note/n1") == {"stream": ["note/n1"]}
    assert kinds_of("  note/n1 ") == {"stream": ["note/n1"]}


def test_aggregates_of_several_types_that_bear_one_id_are_each_found() -> None:
    for aggregate_type in ("cup", "note", "pot"):
        append_events(StreamId(aggregate_type, "7a"), Expected.ANY, [NewEvent(payload=Untyped("note.taken", {}))] * 1)

    assert kinds_of("7a") == {"stream": ["cup/7a", "note/7a", "pot/7a"]}


def test_sagas_are_found_by_id_and_by_key_and_dead_letters_by_event_and_number() -> None:
    event_id, saga_id = append_note(), a_saga("order-1")
    dead_letter = dead_lettered(event_id, "reader")

    assert kinds_of(saga_id) == {"saga": [str(saga_id)]}
    assert kinds_of("order-1") == {"saga": [str(saga_id)]}
    assert kinds_of(event_id)["dead_letter"] == [str(dead_letter.pk)]
    assert str(dead_letter.pk) in kinds_of(dead_letter.pk)["dead_letter"]


@pytest.mark.parametrize("term", ["", " ", "nobody", "note/", "/", "a/b/c", "x" * 401, "½", "-1", "9" * 30, "t@0:1:2"])
def test_what_names_nothing_finds_nothing(term: str) -> None:
    append_note()
    assert find(term, sees=ALL).kinds == []


def test_many_are_counted_up_to_a_bound_and_shown_newest_first() -> None:
    ids = [append_note(user_id="ann") for _ in range(52)]

    (users,) = find("ann", sees=ALL).kinds

    assert (users.count, users.more) == (50, True)
    assert [item.key for item in users.items] == [str(one) for one in reversed(ids[-5:])]


def test_a_message_is_found_by_its_place_with_its_dead_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    event_id = append_note()
    dead_lettered(event_id, "reader")
    monkeypatch.setattr(finds, "event_id_at", lambda _: event_id)

    assert list(kinds_of("nova.notes@3:41")) == ["message", "dead_letter"]


def test_a_broker_that_is_away_is_no_reason_to_say_that_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: object) -> None:
        raise BrokerUnavailable("nobody answers")

    monkeypatch.setattr(finds, "event_id_at", away)

    found = find("nova.notes@3:41", sees=ALL)

    assert found.kinds == []
    assert found.unanswered is not None
    assert "nobody answers" in found.unanswered


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_finds_what_they_may_not_see(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation, cause, saga_id = uuid4(), uuid4(), a_saga("k1")
    event_id = append_note("n1", user_id="ann", correlation_id=conversation, causation_id=cause)
    dead_lettered(event_id, "reader")
    monkeypatch.setattr(finds, "event_id_at", lambda _: event_id)
    terms = (event_id, "n1", conversation, cause, "ann", saga_id, "k1", "t@0:1", DomainEvent.objects.get().pk)
    found = {name for term in terms for name in kinds_of(term)}
    assert kind in found

    found = {name for term in terms for name in kinds_of(term, ALL - {kind})}

    assert kind not in found
    assert find("x", sees=ALL - {kind}).hidden == [kind]


def test_permissions_and_scopes_are_those_of_the_screens_and_resources(admin_user: Any) -> None:
    assert found_by_operator(admin_user) == ALL == set(PERMISSIONS)
    assert found_with(["events:read"]) == {"event", "stream", "correlation", "causation", "user"}
    assert found_with(["outbox:read"]) == {"message", "dead_letter"}
    assert found_with(["sagas:read"]) == {"saga"}


def page(client: Any, term: object) -> Any:
    return client.get(reverse("console-find"), {"term": str(term)})


def test_one_exact_find_leads_straight_to_its_page(admin_client: Any) -> None:
    event_id, saga_id = append_note("n1", user_id="ann"), a_saga()
    log = reverse("admin:events_domainevent_changelist")
    position = DomainEvent.objects.get().pk

    assert page(admin_client, event_id)["Location"] == reverse("admin:events_domainevent_change", args=[position])
    assert page(admin_client, saga_id)["Location"] == reverse("admin:sagas_sagastate_change", args=[saga_id])
    assert page(admin_client, "ann")["Location"] == f"{log}?user_id=ann"
    assert page(admin_client, "n1")["Location"] == f"{log}?stream=note%2Fn1"
    for term in (event_id, saga_id, "ann", "n1"):
        assert admin_client.get(page(admin_client, term)["Location"]).status_code == 200


def test_several_are_listed_by_kind(admin_client: Any) -> None:
    append_note("twice", user_id="twice")

    shown = page(admin_client, "twice").content.decode()

    assert "Events of this user" in shown
    assert "Streams" in shown
    assert "?user_id=twice" in shown


def test_recent_finds_are_those_of_the_session(admin_client: Any) -> None:
    append_note("n1", user_id="ann")
    page(admin_client, "ann")
    page(admin_client, "n1")
    page(admin_client, "nothing-of-the-kind")

    shown = admin_client.get(reverse("console-find"))

    assert shown.context["recent"] == ["n1", "ann"]
    assert client_of("view_domainevent").get(reverse("console-find")).context["recent"] == []


def test_whoever_may_see_nothing_finds_nothing() -> None:
    event_id = append_note("n1", user_id="ann")
    client = client_of()
    for term in (event_id, "n1", "ann", DomainEvent.objects.get().pk):
        assert "Nothing that you may see" in page(client, term).content.decode()


def test_a_term_of_markup_is_text(admin_client: Any) -> None:
    shown = page(admin_client, "<script>alert(1)</script>").content.decode()
    assert "<script>alert(1)" not in shown


@pytest.mark.parametrize("term", ["%00", "a%00b", "x" * 5_000, "%ff%fe", "%ED%A0%80", "t@999999999:999999999999999999"])
def test_odd_terms_have_a_page(admin_client: Any, term: str) -> None:
    assert admin_client.get(f"/admin/find/?term={term}").status_code == 200


def test_it_is_found_over_http_as_far_as_the_scopes_go(caller_with: Any) -> None:
    event_id = append_note("n1", user_id="ann")
    dead_lettered(event_id, "reader")

    answer = caller_with("events:read").get("/api/v1/finds", {"term": str(event_id)}).json()
    whole = caller_with("events:read", "outbox:read").get("/api/v1/finds", {"term": str(event_id)}).json()

    assert [one["kind"] for one in answer["kinds"]] == ["event"]
    assert answer["hidden"] == ["message", "saga", "dead_letter"]
    assert [one["kind"] for one in whole["kinds"]] == ["event", "dead_letter"]
    assert caller_with("outbox:read").get("/api/v1/finds", {"term": "x"}).status_code == 403
    assert caller_with("events:read").get("/api/v1/finds").status_code == 400


def test_a_search_that_takes_too_long_is_given_up(
    admin_client: Any, caller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(_: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")

    monkeypatch.setitem(finds._FINDERS, "event", slow)
    monkeypatch.setattr(finds, "LIMIT", 50)

    assert "The search was given up" in page(admin_client, "x").content.decode()
    assert caller.get("/api/v1/finds", {"term": "x"}).status_code == 503


def test_nothing_that_is_found_tells_of_payloads(admin_client: Any, caller: Any) -> None:
    event_id = append_note("n1", user_id="ann")
    dead_lettered(event_id, "reader")
    for term in (str(event_id), "ann", "n1"):
        assert "the-payload" not in page(admin_client, term).content.decode()
        assert "the-payload" not in caller.get("/api/v1/finds", {"term": term}).content.decode()
