"""The live tail shows what is recorded while it is, of what fits, and ends with the session."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connections
from django.test import Client
from django.urls import reverse

from events.api import read_heads, safe_position
from nova.console import tail
from nova.console.tail_slots import TailSlots
from tests.support.journeys import append_note

STREAM = "/admin/tail/stream"


def person(*permissions: str) -> Client:
    user = User.objects.create_user("someone", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def watcher(committed_db: None, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(tail, "POLL_INTERVAL", 0.02)
    monkeypatch.setattr(tail, "slots", TailSlots())
    return person("view_domainevent")


def messages(response: Any, until: str, *, during: Any = lambda _: None) -> list[tuple[str, Any, str]]:
    """What comes up to the first message of that kind: its kind, what it says and its id."""
    return asyncio.run(_messages(response.streaming_content, until, during))


async def _messages(parts: AsyncIterator[bytes], until: str, during: Any) -> list[tuple[str, Any, str]]:
    found: list[tuple[str, Any, str]] = []

    def in_a_thread_of_its_own(so_far: Any) -> None:
        during(so_far)
        connections.close_all()

    async def read() -> None:
        async for part in parts:
            for block in part.decode().split("\n\n"):
                fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
                if "event" in fields:
                    found.append((fields["event"], json.loads(fields["data"]), fields.get("id", "")))
            await asyncio.to_thread(in_a_thread_of_its_own, found)
            if any(kind == until for kind, _, _ in found):
                return

    await asyncio.wait_for(read(), 30)
    await parts.aclose()  # type: ignore[attr-defined]
    return found


def test_what_is_recorded_behind_a_position_comes_in_order_without_payloads(watcher: Client) -> None:
    append_note("before")
    start = safe_position()
    ids = [str(append_note(f"n{n}", user_id="ann")) for n in range(3)]

    response = watcher.get(STREAM, {"after": start})
    found = messages(response, "position")
    response.close()

    assert response["Content-Type"] == "text/event-stream"
    assert [said["event_id"] for kind, said, _ in found if kind == "event"] == ids
    assert "the-payload" not in str(found)
    assert found[-1][2] == str(safe_position())


def test_what_comes_while_it_is_open_is_shown_and_only_what_fits(watcher: Client) -> None:
    response = watcher.get(STREAM, {"user_id": "ann"})
    appended: list[str] = []

    def append_once(_: Any) -> None:
        if not appended:
            append_note("b", user_id="bob")
            appended.append(str(append_note("a", user_id="ann")))

    found = messages(response, "event", during=append_once)
    response.close()

    assert [said["event_id"] for kind, said, _ in found if kind == "event"] == appended


def test_a_browser_that_connects_again_goes_on_where_it_was(watcher: Client) -> None:
    first, second = append_note("a"), append_note("b")
    response = watcher.get(STREAM, {"after": 0})
    found = messages(response, "event")
    response.close()
    (number,) = [number for kind, said, number in found if kind == "event" and said["event_id"] == str(first)]

    response = watcher.get(STREAM, {"after": 0}, headers={"Last-Event-ID": number})
    again = messages(response, "event")
    response.close()

    assert [said["event_id"] for kind, said, _ in again if kind == "event"] == [str(second)]


@pytest.mark.parametrize("how", ["logged out", "right taken", "switched off"])
def test_it_ends_with_the_session_and_says_so(watcher: Client, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "SESSION_INTERVAL", 0.05)
    response = watcher.get(STREAM)

    def end(_: Any) -> None:
        match how:
            case "logged out":
                Session.objects.all().delete()
            case "right taken":
                User.objects.get().user_permissions.clear()
            case _:
                User.objects.update(is_active=False)

    found = messages(response, "end", during=end)
    response.close()

    assert found[-1][:2] == ("end", {"reason": tail.ENDED})


def test_it_ends_without_a_word_when_the_server_is_to_stop(watcher: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    stopping = [False]
    monkeypatch.setattr(tail, "are_to_end", lambda: stopping[0])
    response = watcher.get(STREAM)

    def stop(_: Any) -> None:
        stopping[0] = True

    found = messages(response, "end", during=stop)
    response.close()

    assert found == []


def test_while_the_log_does_not_answer_it_says_so_and_goes_on(watcher: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "SESSION_INTERVAL", 0.05)
    times = [0]

    def failing(after: int, limit: int) -> Any:
        times[0] += 1
        if times[0] < 3:
            raise DatabaseError("away")
        return read_heads(after, limit)

    monkeypatch.setattr(tail, "read_heads", failing)
    append_note()
    response = watcher.get(STREAM, {"after": 0})
    found = messages(response, "event")
    response.close()

    assert [kind for kind, _, _ in found][:2] == ["trouble", "event"]


def test_there_are_so_many_of_a_session_and_a_closed_one_makes_room(
    watcher: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "slots", TailSlots(in_all=5, of_one=2))
    first, second = watcher.get(STREAM), watcher.get(STREAM)

    refused = watcher.get(STREAM)
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    first.close()
    third = watcher.get(STREAM)
    assert third.status_code == 200
    for response in (second, third):
        response.close()
        response.close()
    assert tail.slots.taken == 0


def test_there_are_so_many_in_all() -> None:
    slots = TailSlots(in_all=3, of_one=2)
    taken = [slots.take(name) for name in ("a", "a", "a", "b", "c")]
    assert [one is not None for one in taken] == [True, True, False, True, False]


@pytest.mark.usefixtures("db", "redis_url")
def test_it_is_for_those_who_see_events() -> None:
    stranger = person("view_outboxevent", "view_deadletter")
    for page in (STREAM, reverse("console-tail")):
        assert stranger.get(page).status_code == 403
        assert Client().get(page).status_code == 302


@pytest.mark.usefixtures("db", "redis_url")
def test_a_filter_that_cannot_be_is_said_to_be_none(admin_client: Client) -> None:
    assert admin_client.get(STREAM, {"since": "never"}).status_code == 400
    page = admin_client.get(reverse("console-tail"), {"since": "never"}).content.decode()
    assert "Since must be a time" in page
    assert "data-tail" not in page
    assert "user id: ann" in admin_client.get(reverse("console-tail"), {"user_id": "ann"}).content.decode()
