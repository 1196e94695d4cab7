"""A replica that is not asked leaves Nova ready; readiness, the console and the metrics say what is the matter."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from nova.health import readiness
from tests.support.outbox import eventually
from tests.support.standbys import REPLICA, is_asked, known_as_replica, standby

__all__ = ["standby"]
pytestmark = pytest.mark.usefixtures("redis_url")


@pytest.fixture(autouse=True)
def every_question_is_asked_anew(monkeypatch, settings, kafka_brokers):
    monkeypatch.setattr(readiness, "FRESH", -1.0)
    settings.NOVA_READY_PROCESSES = ()
    settings.KAFKA_BROKERS = kafka_brokers


def ask():
    response = Client().get("/health/ready")
    return response.status_code, response.json()


def metric(name: str) -> float:
    lines = Client().get("/metrics").content.decode().splitlines()
    (found,) = [line for line in lines if line.startswith(f'{name}{{database="{REPLICA}"}}')]
    return float(found.split()[-1])


def test_a_replica_that_is_asked_is_well_and_its_lag_is_measured(standby):
    status, body = ask()

    assert (status, body["status"], body["degraded"]) == (200, "ready", [])
    assert body["checks"][REPLICA] == "ok"
    assert 0 <= metric("nova_replica_lag_seconds") <= 5
    assert metric("nova_replica_lag_bytes") >= 0
    assert metric("nova_replica_fit") == 1


def test_one_that_is_behind_is_told_of_and_nova_is_ready(standby, settings):
    settings.NOVA_REPLICA_MAX_STALENESS = 3
    standby.pause()
    get_user_model().objects.create_superuser("ann", password="of the night")  # what it lacks
    eventually(lambda: not is_asked())

    status, body = ask()

    assert (status, body["status"], body["degraded"]) == (200, "ready", [REPLICA])
    assert body["checks"][REPLICA].startswith("is behind by ")
    assert metric("nova_replica_fit") == 0
    console = Client()
    assert console.login(username="ann", password="of the night")
    assert "is behind by" in console.get("/admin/").content.decode()


def test_one_that_was_promoted_is_told_of_and_nova_is_ready(standby):
    standby.promote()
    eventually(lambda: not is_asked())

    status, body = ask()

    assert (status, body["degraded"]) == (200, [REPLICA])
    assert body["checks"][REPLICA] == "is no replica any more: it was promoted"


def test_one_that_does_not_answer_is_told_of_without_its_address(committed_db):
    with known_as_replica("postgresql://nova:pa55word@127.0.0.1:1/nova"):
        status, body = ask()

    assert (status, body["degraded"]) == (200, [REPLICA])
    assert body["checks"][REPLICA] == "does not answer (OperationalError)"
    assert "pa55word" not in str(body)
