"""Who asks learns what works, in time, whatever is away."""

import threading
import time
from unittest.mock import Mock

import psycopg
import pytest
from django.db import connection, connections
from django.test import Client

from kit.postgresql.pool import OutagePool
from nova.health import readiness
from nova.rest.tokens import create_token
from outbox.models import DatabaseIdentity
from tests.support.callers import bearer
from tests.support.problems import assert_problem
from tests.support.sessions import become_a_reader, failed_over_to_a_reader


@pytest.fixture(autouse=True)
def every_question_is_asked_anew(monkeypatch, settings):
    monkeypatch.setattr(readiness, "FRESH", -1.0)
    settings.NOVA_READY_PROCESSES = ()


@pytest.fixture
def dead_database(committed_db, monkeypatch):
    """A switch: True stops the database (its port refuses), False brings it back."""
    parameters, port = connections["default"].settings_dict, connections["default"].settings_dict["PORT"]

    def switch(*, dead):
        connections["default"].close()
        parameters["PORT"] = "1" if dead else port

    yield switch
    switch(dead=False)


def ask():
    response = Client().get("/health/ready")
    return response.status_code, response.json()


def test_live_asks_nobody(dead_database):
    dead_database(dead=True)
    response = Client().get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "live"})


def test_ready_when_everything_answers(committed_db, kafka_brokers, settings):
    settings.KAFKA_BROKERS = kafka_brokers
    status, body = ask()
    assert (status, body["status"]) == (200, "ready")
    assert body["checks"] == {"database": "ok", "redis": "ok", "kafka": "ok"}
    assert body["duration_ms"].keys() == body["checks"].keys()


def test_a_dead_database_is_named_and_its_return_is_noticed(dead_database):
    dead_database(dead=True)
    status, body = ask()
    assert status == 503
    assert body["checks"]["database"] == "does not answer (OperationalError)"

    dead_database(dead=False)
    assert ask()[1]["checks"]["database"] == "ok"


def test_a_database_that_only_reads_is_not_ready(committed_db):
    with failed_over_to_a_reader():
        status, body = ask()
        assert status == 503
        assert body["checks"]["database"] == "only reads: it is a standby, or set to read only"

    assert ask()[1]["checks"]["database"] == "ok"


@pytest.fixture
def pooled(committed_db):
    """Requests get their connections from a pool."""
    database = connections["default"]
    database.close()
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(database.settings_dict, "CONN_MAX_AGE", 0)
        patched.setitem(database.settings_dict["OPTIONS"], "pool", {"min_size": 1, "max_size": 1, "timeout": 10})
        yield
        database.close()
        database.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has it


def test_a_database_that_answers_is_not_ready_while_requests_get_no_connection_to_it(pooled, monkeypatch):
    assert ask()[1]["checks"]["database"] == "ok"
    with monkeypatch.context() as patched:
        patched.setattr(OutagePool, "_connect", Mock(side_effect=psycopg.OperationalError("refused")))
        # What a restart has broken.
        connections["default"].pool.drain()  # type: ignore[attr-defined]
        assert ask()[1]["checks"]["database"] == "does not answer (OperationalError)"

    assert ask()[1]["checks"]["database"] == "ok"


def test_missing_migrations_are_not_ready(committed_db, monkeypatch):
    monkeypatch.setattr("nova.health.checks.known_migrations", lambda: frozenset({("nova", "9999_tomorrow")}))
    assert ask()[1]["checks"]["database"] == "1 migrations are not applied"


def test_a_restored_copy_is_not_ready_until_it_is_brought_together_with_the_broker(committed_db):
    assert "restore" not in ask()[1]["checks"]

    DatabaseIdentity.objects.create(identity="somewhere/else")

    status, body = ask()
    assert status == 503
    assert body["checks"]["restore"] == "the database was restored from a dump; run manage.py after_restore"


def test_what_is_away_is_named_without_its_address_and_in_time(committed_db, settings):
    settings.REDIS_URL = "redis://:pa55word@127.0.0.1:1/0"
    settings.KAFKA_BROKERS = "127.0.0.1:1"
    started = time.monotonic()
    status, body = ask()
    assert time.monotonic() - started < 3
    assert status == 503
    assert body["checks"]["redis"] == "does not answer (ConnectionError)"
    assert body["checks"]["kafka"].startswith("does not answer")
    assert "127.0.0.1" not in str(body)
    assert "pa55word" not in str(body)


def test_a_part_that_hangs_holds_nobody_up(committed_db, monkeypatch):
    released = threading.Event()

    def hang():
        released.wait(10)
        return {}

    hanging = readiness.Probe("slow", hang)
    monkeypatch.setattr(readiness, "DEADLINE", 0.2)
    monkeypatch.setattr(readiness, "_PROBES", (hanging,))
    status, body = ask()
    assert (status, body["checks"]) == (503, {"slow": "does not answer in time"})
    released.set()


def test_silent_processes_are_named(committed_db, settings):
    settings.NOVA_READY_PROCESSES = ("all",)
    checks = ask()[1]["checks"]
    assert checks["relay"] == "never seen"
    assert "consumer:feed-service" in checks
    assert "runner:projections" in checks


def test_the_api_says_come_back_while_the_database_is_away_and_works_again_afterwards(dead_database):
    token, _ = create_token("patient", scopes=["events:read"])
    dead_database(dead=True)
    response = bearer(token).get("/api/v1/events")
    assert_problem(response, 503, "unavailable")
    assert response.headers["Retry-After"] == "1"

    dead_database(dead=False)
    assert bearer(token).get("/api/v1/events").status_code == 200


def test_while_the_database_only_reads_the_api_reads_and_says_come_back_to_who_writes(committed_db):
    client = bearer(create_token("patient", scopes=["events:read", "events:append"])[0])
    payload = {"post_id": "p", "user_id": "u", "caption": "hi", "media_type": "none", "status": "published"}
    event = {
        "event_type": "content.post.created",
        "payload": payload | {"created_at": "2025-01-15T10:30:00Z"},
    }

    def append():
        return client.post("/api/v1/streams/post/p/events", [event], "application/json")

    with failed_over_to_a_reader():
        for _ in range(2):
            response = append()
            assert_problem(response, 503, "unavailable")
            assert response.headers["Retry-After"] == "1"
            assert client.get("/api/v1/events").status_code == 200

    # The session that has just read was made meanwhile, and is noticed when it is written through.
    assert append().status_code == 503
    assert append().status_code == 201


def test_a_session_that_only_reads_is_found_out_by_the_first_who_writes(committed_db):
    client = bearer(create_token("patient", scopes=["outbox:operate", "outbox:read"])[0])
    assert client.get("/api/v1/consumers").status_code == 200
    become_a_reader(connection)

    def pause():
        response = client.post("/api/v1/consumers/feed-service/pause", {"reason": "maintenance"}, "application/json")
        # As at the end of every request, which the test's client leaves out.
        connection.close_if_unusable_or_obsolete()
        return response

    assert_problem(pause(), 503, "unavailable")
    assert pause().status_code < 300
