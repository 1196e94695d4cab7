"""Outbox metrics and pruning: the outbox is measured, and stays small."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from prometheus_client import CollectorRegistry, generate_latest

from events.api import StreamId
from events.store.reading.queries import get_events
from nova.celery import app
from outbox.api import ConsumerGroup, register_collectors
from outbox.handling import handlers
from outbox.models import DeadLetter, OutboxEvent
from outbox.relay.retention import prune
from tests.support.database import rows, scalar
from tests.support.dead_letters import Fussy, dead_lettered, fussy_group
from tests.support.outbox import take_notes
from tests.support.relays import fill_outbox

pytestmark = pytest.mark.usefixtures("recording", "prefix", "redis_url")


def measured() -> dict[str, float]:
    registry = CollectorRegistry()
    register_collectors(registry)
    lines = generate_latest(registry).decode().splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines if not line.startswith("#"))}


def test_the_queue_is_measured_at_the_rows() -> None:
    assert not any(measured().values())
    take_notes("a", 1, 2, 3)
    OutboxEvent.objects.filter(version=1).update(dead_at=Now(), created_at=Now() - timedelta(hours=1))
    OutboxEvent.objects.filter(version=2).update(created_at=Now() - timedelta(seconds=100))

    now = measured()

    assert (now["outbox_queue_size"], now["outbox_dead_rows"]) == (2, 1)
    assert 100 <= now["outbox_queue_age_seconds"] < 110


def test_open_dead_letters_are_measured_by_group_also_where_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    fussy = fussy_group(Fussy())
    monkeypatch.setattr(
        handlers, "_groups", {"fussy": fussy, "calm": ConsumerGroup(name="calm", topics=[], handlers=[])}
    )
    numbers = dead_lettered(fussy, 1, 2, 3, 4)
    DeadLetter.objects.filter(pk=numbers[0]).update(status=DeadLetter.Status.DISCARDED)
    DeadLetter.objects.filter(pk=numbers[1]).update(archived_at=Now())

    now = measured()

    assert now['outbox_dead_letters_open{group="fussy"}'] == 2
    assert now['outbox_dead_letters_open{group="calm"}'] == 0


def test_a_scrape_without_a_database_shows_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "PORT", "1")
        connection.close()

        assert measured() == {}


def test_old_published_rows_go_and_everything_else_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outbox.relay.retention.STRETCH", 3)
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


def test_an_outbox_that_is_pruned_stays_as_large_as_what_it_keeps(topic: str) -> None:
    """Each round stands for a day: as many rows come as go, and vacuum (in life, autovacuum) gives their room back."""
    sizes = []
    for _ in range(5):
        fill_outbox(topic, keys=500, versions=10)
        OutboxEvent.objects.update(published=True, published_at=Now() - timedelta(days=8))
        OutboxEvent.objects.update(created_at=Now() - timedelta(days=8))

        assert prune(datetime.now(UTC) - timedelta(days=7)) == 5_000

        sizes.append(scalar("SELECT pg_total_relation_size('outbox_events')"))
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (TRUNCATE false) outbox_events")
    assert sizes[-1] <= 1.1 * sizes[1]


def test_beat_prunes_and_vacuum_comes_early() -> None:
    app.finalize()
    assert app.conf.beat_schedule["outbox.tasks.prune"]["task"] == "outbox.tasks.prune"
    (options,) = rows("SELECT reloptions FROM pg_class WHERE relname = 'outbox_events'")[0]
    assert "autovacuum_vacuum_scale_factor=0.02" in options
