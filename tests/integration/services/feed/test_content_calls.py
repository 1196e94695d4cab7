"""Feeds read posts straight from the content side when that is decided, and from their copy while it is away (B10)."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.api import Expected, NewEvent, StreamId, append_events
from kit.exceptions import InvalidParameter
from kit.pacing.circuit_breaker import CircuitBreaker
from nova.rest.tokens import SCOPES, create_token
from nova.services.content.events import ContentPostCreated
from nova.services.content.posts import PostsProjection
from nova.services.feed.content_calls import reading
from nova.services.feed.content_calls.reading import Guard
from nova.services.feed.content_calls.switch import SWITCH, Switch, content_call_state, decide
from nova.services.feed.exceptions import PostNotFound
from nova.services.feed.models import ContentCallDecision
from nova.services.feed.queries import feed, get_post
from tests.support.callers import client_with
from tests.support.console import client_of
from tests.support.feeds import follow, gone, ids, named, post, told, unfollow
from tests.support.projections import catch_up
from tests.support.web import WebServer, web

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url", "nothing_remembered")

__all__ = ["web"]

LOCAL, DIRECT, FALLBACK = "local copy", "content side", "local copy, content side away"


@pytest.fixture
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(reading, "GUARD", Guard())
    SWITCH.forget()
    yield
    SWITCH.forget()


def on_the_content_side(*posts: ContentPostCreated) -> None:
    for one in posts:
        append_events(StreamId("post", one.post_id), Expected.ANY, [NewEvent(payload=one)])
    catch_up(PostsProjection())


def switch_on() -> None:
    decide("enable", actor="ann", reason="the copy is wrong")


@pytest.fixture
def two_sides() -> None:
    """The feed has heard of one post; the content side has that with other words, and one more."""
    told(named("ann", "Ann A."), follow("bob"), post("p1", caption="old"))
    on_the_content_side(post("p1", caption="new"), post("p2", minute=1), post("draft", minute=2, status="draft"))
    on_the_content_side(post("others", "cem", minute=3))


@contextmanager
def content_side(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list[str]]]:
    """A server that answers so, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            answer(self)

        do_GET = do_POST  # noqa: N815 - the name that the server looks for

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def status_500(request: BaseHTTPRequestHandler) -> None:
    request.send_response(500)
    request.end_headers()


def nonsense(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    request.wfile.write(b'{"items": [{"post_id": 7}]}')


def silence(request: BaseHTTPRequestHandler) -> None:
    request.rfile.read()


def trickle(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    for _ in range(100):
        request.wfile.write(b" ")
        time.sleep(0.05)


@pytest.mark.usefixtures("two_sides")
def test_posts_are_the_content_sides_while_direct_calls_are_on() -> None:
    page = feed("bob")
    assert ([(one.post_id, one.caption) for one in page.items], page.posts_from) == ([("p1", "old")], LOCAL)
    switch_on()
    page = feed("bob")
    found = [(one.post_id, one.caption, one.author_name) for one in page.items]
    assert (found, page.posts_from) == ([("p2", "caption of p2", "Ann A."), ("p1", "new", "Ann A.")], DIRECT)
    assert get_post("p1").caption == "new"
    with pytest.raises(PostNotFound):
        get_post("draft")
    decide("disable", actor="ann", reason="mended")
    assert (feed("bob").items[0].caption, feed("bob").posts_from, get_post("p1").caption) == ("old", LOCAL, "old")


def test_pages_of_both_sides_follow_each_other() -> None:
    posts = [post(f"p{number}", minute=number // 3) for number in range(8)]
    told(follow("bob"), *posts)
    on_the_content_side(*posts)
    expected = ids(feed("bob").items)
    first = feed("bob", limit=3)
    switch_on()
    second = feed("bob", before=first.next, limit=3)
    decide("disable", actor="ann", reason="mended")
    third = feed("bob", before=second.next, limit=3)
    assert ids([*first.items, *second.items, *third.items]) == expected
    assert (second.posts_from, third.next) == (DIRECT, None)


def test_who_is_followed_and_who_is_gone_the_feed_knows_itself() -> None:
    told(follow("bob"), follow("bob", "cem"), follow("bob", "dan"), named("ann", "A"))
    on_the_content_side(post("a"), post("c", "cem", minute=1), post("d", "dan", minute=2))
    switch_on()
    assert ids(feed("bob").items) == ["d", "c", "a"]
    told(unfollow("bob", "cem"), minute=5)
    told(gone("dan"))
    assert ids(feed("bob").items) == ["a"]
    assert feed("nobody").items == []


@pytest.mark.usefixtures("two_sides")
def test_another_process_is_asked_over_http(web: WebServer, settings: Any) -> None:
    settings.NOVA_FEED_CONTENT_URL = web.url
    settings.NOVA_FEED_CONTENT_TIMEOUT = 10.0
    settings.NOVA_FEED_CONTENT_TOKEN, _ = create_token("feed", scopes=SCOPES)
    switch_on()
    page = feed("bob", limit=1)
    assert ([(one.post_id, one.caption) for one in page.items], page.posts_from) == ([("p2", "caption of p2")], DIRECT)
    second = feed("bob", before=page.next, limit=1)
    assert ([one.caption for one in second.items], second.next, second.posts_from) == (["new"], None, DIRECT)
    assert get_post("p1").caption == "new"
    with pytest.raises(PostNotFound):
        get_post("none")


@pytest.mark.usefixtures("two_sides")
def test_a_token_that_is_refused_is_a_content_side_that_is_away(web: WebServer, settings: Any) -> None:
    settings.NOVA_FEED_CONTENT_URL = web.url
    settings.NOVA_FEED_CONTENT_TIMEOUT = 10.0
    switch_on()
    assert feed("bob").posts_from == FALLBACK


@pytest.mark.parametrize("answer", [status_500, nonsense, silence, trickle])
@pytest.mark.usefixtures("two_sides")
def test_the_local_copy_answers_quickly_while_the_content_side_does_not(
    answer: Callable[[BaseHTTPRequestHandler], None], settings: Any
) -> None:
    settings.NOVA_FEED_CONTENT_TIMEOUT = 0.3
    with content_side(answer) as (url, asked):
        settings.NOVA_FEED_CONTENT_URL = url
        switch_on()
        began = time.monotonic()
        pages = [feed("bob") for _ in range(20)]
        seconds = time.monotonic() - began
        assert get_post("p1").caption == "old"
    assert {page.posts_from for page in pages} == {FALLBACK}
    assert {one.caption for page in pages for one in page.items} == {"old"}
    # One is asked in vain; after that the breaker is open, and nobody waits.
    assert len(asked) <= 2
    assert seconds < 3


@pytest.mark.usefixtures("two_sides")
def test_a_server_that_is_not_there_opens_the_breaker_and_one_that_is_back_closes_it(settings: Any) -> None:
    now = [1_000.0]
    guard = reading.GUARD = Guard(clock=lambda: now[0])
    settings.NOVA_FEED_CONTENT_URL = "http://127.0.0.1:1"
    switch_on()
    assert (feed("bob").posts_from, guard.is_open) == (FALLBACK, True)
    settings.NOVA_FEED_CONTENT_URL = ""
    assert feed("bob").posts_from == FALLBACK
    now[0] += 1.1
    assert (feed("bob").posts_from, guard.is_open) == (DIRECT, False)


@pytest.mark.usefixtures("two_sides")
def test_while_one_tries_again_the_others_do_not_wait_for_it(settings: Any) -> None:
    now = [1_000.0]
    reading.GUARD = Guard(clock=lambda: now[0])
    seen: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        if seen:
            # Somebody else reads while this try is under way.
            seen.append("try")
            decided = feed_elsewhere()
            seen.append(decided)
        else:
            seen.append("first")
        status_500(request)

    with content_side(answer) as (url, asked):
        settings.NOVA_FEED_CONTENT_URL = url
        settings.NOVA_FEED_CONTENT_TIMEOUT = 5.0
        switch_on()
        assert feed("bob").posts_from == FALLBACK
        now[0] += 1.1
        assert feed("bob").posts_from == FALLBACK
        assert (seen, len(asked)) == (["first", "try", FALLBACK], 2)


def feed_elsewhere() -> str:
    """The same from another thread, which has a database connection of its own."""
    try:
        return feed("bob").posts_from
    finally:
        connection.close()


@pytest.mark.usefixtures("two_sides")
def test_without_a_breaker_each_page_would_wait(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: the tests above must see it."""
    monkeypatch.setattr(CircuitBreaker, "allows", lambda *_: True)
    with pytest.raises(AssertionError):
        test_the_local_copy_answers_quickly_while_the_content_side_does_not(silence, settings)


@pytest.mark.usefixtures("two_sides")
def test_redis_may_be_away_beside_it(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    switch_on()
    page = feed("bob")
    assert (ids(page.items), page.items[0].author_name, page.posts_from) == (["p2", "p1"], "Ann A.", DIRECT)


@pytest.mark.usefixtures("two_sides")
def test_the_setting_holds_until_an_operator_decides_otherwise(settings: Any) -> None:
    settings.ENABLE_DIRECT_CALL = True
    SWITCH.forget()
    assert (feed("bob").posts_from, content_call_state().decided_by) == (DIRECT, "ENABLE_DIRECT_CALL")
    decide("disable", actor="ann", reason="too slow")
    assert (feed("bob").posts_from, content_call_state().decided_by) == (LOCAL, "ann")
    decide("reset", actor="ann", reason="as before")
    assert (feed("bob").posts_from, content_call_state().setting) == (DIRECT, True)


def test_another_process_notices_within_a_second_and_does_not_ask_for_each_page() -> None:
    now = [0.0]
    other = Switch(clock=lambda: now[0])
    assert not other.is_on()
    switch_on()
    with CaptureQueriesContext(connection) as asked:
        assert not any(other.is_on() for _ in range(100))
    assert len(asked) == 0
    now[0] += 1.0
    assert other.is_on()


def test_a_place_that_no_clock_has_is_refused() -> None:
    told(follow("bob"))
    switch_on()
    with pytest.raises(InvalidParameter, match="after"):
        feed("bob", before="WzFlMzAwLCAicCJd")


@pytest.mark.usefixtures("two_sides")
def test_it_is_seen_and_decided_over_http_with_a_reason_and_the_scope() -> None:
    api = client_with("operate", "read-models:read")
    assert api.get("/api/v1/feeds/bob").json()["posts_from"] == LOCAL
    answer = api.post("/api/v1/direct-call/enable", {"reason": "the copy is wrong"}, format="json")
    assert (answer.status_code, answer.json()["enabled"], answer.json()["reason"]) == (200, True, "the copy is wrong")
    assert api.get("/api/v1/feeds/bob").json()["posts_from"] == DIRECT
    assert api.get("/api/v1/direct-call").json()["way"] == "in process"
    assert [(one.verb, one.actor, one.reason) for one in ContentCallDecision.objects.all()] == [
        ("enable", "test", "the copy is wrong")
    ]
    assert api.post("/api/v1/direct-call/disable", {}, format="json").status_code == 422
    assert api.post("/api/v1/direct-call/burn", {"reason": "x"}, format="json").status_code == 404
    only_reading = client_with("read-models:read")
    assert only_reading.post("/api/v1/direct-call/disable", {"reason": "x"}, format="json").status_code == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"author_ids": "ann"}, "/author_ids"),
        ({"author_ids": ["a\0"]}, "/author_ids/0"),
        ({"author_ids": [""]}, "/author_ids/0"),
        ({"author_ids": ["a"] * 10_001}, "/author_ids"),
        ({"author_ids": [], "limit": 202}, "/limit"),
        ({"author_ids": [], "before": {"created_at": "now", "post_id": "p"}}, "/before/created_at"),
        ({"author_ids": [], "before": {"created_at": "2025-01-01T00:00:00Z", "post_id": "\0"}}, "/before/post_id"),
    ],
)
def test_the_content_side_names_what_is_wrong_with_a_question(body: dict[str, Any], pointer: str) -> None:
    answer = client_with("read-models:read").post("/api/v1/content/newest-posts", body, format="json")
    assert answer.status_code in {400, 422}, answer.content
    if answer.status_code == 422 and pointer:
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_it_is_seen_and_decided_on_the_command_line() -> None:
    def run(*words: str) -> str:
        output = StringIO()
        call_command("feeds", "direct-call", *words, stdout=output)
        return output.getvalue()

    assert run("status").startswith("Direct calls are off")
    assert run("enable", "--reason", "the copy is wrong").startswith("Direct calls are on (in process), by manage.py")
    assert json.loads(run("status", "--json"))["enabled"] is True
    with pytest.raises(CommandError, match="reason"):
        run("disable", "--reason", "")
    assert run("reset").startswith("Direct calls are off (in process), by ENABLE_DIRECT_CALL")


def test_the_console_shows_it_while_it_is_on_and_operators_decide_there() -> None:
    page = "/admin/nova_feed/contentcalldecision/"
    operator = client_of("view_contentcalldecision", "operate_contentcalldecision")
    assert "Direct calls are on" not in operator.get("/admin/").content.decode()
    answer = operator.post(page, {"verb": "enable", "reason": "the copy is wrong"}, follow=True).content.decode()
    assert "Direct calls are on" in answer
    assert "the copy is wrong" in operator.get("/admin/").content.decode()
    assert operator.post(page, {"verb": "disable", "reason": ""}).status_code == 200
    assert content_call_state().enabled


def test_who_may_only_look_decides_nothing_in_the_console() -> None:
    page = "/admin/nova_feed/contentcalldecision/"
    guest = client_of("view_contentcalldecision")
    assert guest.get(page).status_code == 200
    assert guest.post(page, {"verb": "enable", "reason": "x"}).status_code == 403
    assert not content_call_state().enabled
