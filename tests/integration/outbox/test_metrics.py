"""Can the outbox be measured, and does it stay small?"""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from prometheus_client import CollectorRegistry, generate_latest

from events.api import StreamId
from events.store.read import get_events
from outbox.api import register_collectors
from outbox.models import OutboxEvent
from outbox.retention import prune
from tests.support.outbox import take_notes

pytestmark = pytest.mark.usefixtures("recording", "prefix", "redis_url")


def measured() -> dict[str, float]:
    registry = CollectorRegistry()
    register_collectors(registry)
    lines = generate_latest(registry).decode().splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines if not line.startswith("#"))}


def test_the_queue_is_measured_at_the_rows() -> None:
    assert measured() == {"outbox_queue_size": 0, "event_queue_lag_seconds": 0, "outbox_dead_rows": 0}
    take_notes("a", 1, 2, 3)
    OutboxEvent.objects.filter(version=1).update(dead_at=Now(), created_at=Now() - timedelta(hours=1))
    OutboxEvent.objects.filter(version=2).update(created_at=Now() - timedelta(seconds=100))

    now = measured()

    assert (now["outbox_queue_size"], now["outbox_dead_rows"]) == (2, 1)
    assert 100 <= now["event_queue_lag_seconds"] < 110


def test_a_scrape_without_a_database_shows_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "PORT", "1")
        connection.close()

        assert measured() == {}


def test_old_published_rows_go_and_everything_else_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outbox.retention.STRETCH", 3)
    take_notes("a", *range(20))
    long_ago, lately = datetime.now(UTC) - timedelta(days=8), datetime.now(UTC) - timedelta(days=6)
    OutboxEvent.objects.filter(version__lte=15).update(created_at=long_ago)
    OutboxEvent.objects.filter(version__lte=10).exclude(version=5).update(published=True, published_at=long_ago)
    OutboxEvent.objects.filter(version=11).update(published=True, published_at=lately)
    OutboxEvent.objects.filter(version=12).update(discarded_at=long_ago)

    assert prune(datetime.now(UTC) - timedelta(days=7)) == 10

    left = set(OutboxEvent.objects.values_list("version", flat=True))
    assert left == {5, 11, *range(13, 21)}
    assert len(get_events(StreamId("note", "a"))) == 20
