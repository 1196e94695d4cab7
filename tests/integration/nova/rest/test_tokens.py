"""Tokens open what their scopes name, for as long as they live."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from nova.conf import nova_conf
from nova.models import ApiToken
from nova.rest import known_tokens
from nova.rest.tokens import create_token, digest_of, revoke_tokens
from tests.support.callers import bearer
from tests.support.problems import assert_problem

LOG = "/api/v1/events"
STREAM = "/api/v1/streams/user/1/events"


def test_without_a_token_the_answer_says_how_to_send_one(db):
    response = Client().get(LOG)
    assert_problem(response, 401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="nova"'


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic YTpi", "nova_" + "a" * 43, "Bearer nova_short", "Bearer nova_" + "a" * 43,
     "Bearer nova_" + "ä" * 43, "Bearer " + "x" * 10_000, "Bearer nova_" + "a" * 43 + ", Bearer b", "Bearer \0"],
)  # fmt: skip
def test_a_bad_token_is_refused(db, header):
    response = Client(headers={"Authorization": header}).get(LOG)
    assert_problem(response, 401, "invalid-token")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_a_scope_opens_its_methods_and_no_others(caller_with):
    reader = caller_with("events:read")
    assert reader.get(LOG).status_code == 200
    assert reader.head(LOG).status_code == 200
    response = reader.post(STREAM, [], content_type="application/json")
    assert assert_problem(response, 403, "insufficient-scope")["scope"] == "events:append"
    assert 'scope="events:append"' in response.headers["WWW-Authenticate"]


def test_a_token_of_another_area_opens_nothing_here(caller_with):
    assert_problem(caller_with("read-models:read").get(LOG), 403, "insufficient-scope")


def test_an_expired_token_is_refused(db):
    token, _ = create_token("old", scopes=["events:read"], expires_at=timezone.now() - timedelta(seconds=1))
    assert "expired" in assert_problem(bearer(token).get(LOG), 401, "invalid-token")["detail"]


def test_a_revocation_takes_effect_when_the_memory_of_the_process_ends(db, settings, monkeypatch):
    now = 1_000.0
    monkeypatch.setattr("nova.rest.known_tokens.time.monotonic", lambda: now)
    token, row = create_token("leaked", scopes=["events:read"])
    assert bearer(token).get(LOG).status_code == 200

    revoke_tokens(token_id=row.pk)
    now += 5

    assert_problem(bearer(token).get(LOG), 401, "invalid-token")


def test_the_memory_of_a_process_never_exceeds_the_promise(settings):
    settings.NOVA_API_TOKEN_CACHE_SECONDS = 3_600
    assert nova_conf().token_cache_seconds <= 5


def test_a_known_token_costs_no_query(db, django_assert_num_queries):
    token, _ = create_token("busy", scopes=["events:read"])
    known_tokens.known_token(token)
    with django_assert_num_queries(0):
        assert known_tokens.known_token(token) is not None


def test_use_is_noted_once_a_minute(db):
    token, row = create_token("busy", scopes=["events:read"])
    known_tokens.known_token(token)
    row.refresh_from_db()
    first = row.last_used_at
    known_tokens.forget_tokens()
    known_tokens.known_token(token)
    row.refresh_from_db()
    assert first is not None
    assert row.last_used_at == first


def test_only_the_digest_is_kept(db):
    token, row = create_token("secret", scopes=["operate"])
    assert bytes(ApiToken.objects.get().digest) == digest_of(token)
    assert token not in str(ApiToken.objects.values().get())
    assert token.startswith(row.hint)


def test_a_method_that_a_view_serves_without_naming_a_scope_is_refused(db, caller, settings):
    settings.ROOT_URLCONF = "tests.support.open_by_oversight"
    assert_problem(caller.get("/api/v1/oversight"), 403, "forbidden")


def test_a_token_that_calls_too_often_is_asked_to_wait(caller, settings):
    settings.NOVA_API_RATE = "3/h"
    answers = [caller.get(LOG) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert_problem(answers[-1], 429, "too-many-requests")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 3_600
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"calls";q=3;w=3600'}
    left = [re.findall(r'^"calls";r=(\d+);t=(\d+)$', answer.headers["RateLimit"]) for answer in answers]
    assert [int(remaining) for ((remaining, _),) in left] == [2, 1, 0, 0]
    assert all(0 <= int(seconds) <= 3_600 for ((_, seconds),) in left)


def test_who_is_counted_nowhere_is_told_no_limit(db):
    assert "RateLimit" not in Client().get(LOG).headers


def test_a_token_that_may_not_do_what_it_asks_for_is_counted_all_the_same(caller_with, settings):
    settings.NOVA_API_RATE = "3/h"
    reader = caller_with("events:read")
    answers = [reader.post(STREAM, [], content_type="application/json") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 429]
