"""A dump is restored beside a broker that knows more: each event of the log has its effect once, none is skipped."""

from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from nova.health.processes import ask_after_restore
from nova.local.servers.embedded import Embedded, postgres_server
from outbox.api import ConsumerGroup, Handler, ReceivedEvent
from outbox.bus.factory import bus_of
from outbox.conf import outbox_conf
from outbox.handling import handlers
from outbox.hosting.runners import consumer_runner, relay_runner
from outbox.models import DeadLetter
from tests.support.database import rows, scalar
from tests.support.outbox import eventually, hosted, take_notes, unique, url_of_test_database
from tests.support.rabbitmq import forget_patterns
from tests.support.relays import pending
from tests.support.restores import dump, moved_to, restore

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("recording", "redis_url", "prefix")]

KEYS = [f"key-{number}" for number in range(20)]
HANDLED, LAGGING, PENDING, LOST = 4, 6, 5, 3  # of each key, before the dump but for the last


@pytest.fixture
def restored(tmp_path: Path) -> Iterator[str]:
    with postgres_server(tmp_path) as server:
        yield server.address


@pytest.fixture
def effects(recording: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        # No unique constraint: what happens twice is to be seen.
        cursor.execute("CREATE TABLE effects (event_id text)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE effects")


@pytest.fixture
def group(effects: None, topic: str, monkeypatch: pytest.MonkeyPatch) -> ConsumerGroup:
    def write(event: ReceivedEvent) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO effects VALUES (%s)", [str(event.event_id)])

    handler = Handler(name="write", event_types=["note.taken"], handle=write)
    made = ConsumerGroup(name=unique("group"), topics=[topic], handlers=[handler])
    monkeypatch.setattr(handlers, "_groups", {made.name: made})
    return made


def append(number: int) -> None:
    for key in KEYS:
        take_notes(key, *range(number))


def publish_all() -> None:
    with hosted(relay_runner()):
        eventually(lambda: pending() == 0)


def handle_all(group: ConsumerGroup, number: int) -> None:
    with hosted(consumer_runner(group)):
        eventually(lambda: happened() == number * len(KEYS))


def happened() -> int:
    return int(scalar("SELECT count(*) FROM effects"))


def live_dump_and_live_on(group: ConsumerGroup, file: Path) -> None:
    """When the dump is written, some messages wait at the broker and some rows in the outbox; all have had their effect
    when the database is lost, together with what was appended meanwhile."""
    append(HANDLED)
    publish_all()
    handle_all(group, HANDLED)
    append(LAGGING)
    publish_all()
    append(PENDING)
    dump(url_of_test_database(), file)
    append(LOST)
    publish_all()
    handle_all(group, HANDLED + LAGGING + PENDING + LOST)


def after_restore(*options: str) -> str:
    said = StringIO()
    call_command("after_restore", *options, stdout=said)
    return said.getvalue()


def restore_and_mend(group: ConsumerGroup) -> str:
    """Nova begins before it is mended, and goes on by itself once it is; what the command says."""
    with hosted(relay_runner(), consumer_runner(group)):
        append(1)
        eventually(lambda: pending() == 0)
        eventually(ask_after_restore)
        before = happened()
        said = after_restore()
        assert before == HANDLED * len(KEYS)
        eventually(lambda: happened() >= (HANDLED + LAGGING + PENDING + 1) * len(KEYS))
        eventually(lambda: pending() == 0)
        append(1)
        eventually(lambda: happened() >= (HANDLED + LAGGING + PENDING + 2) * len(KEYS))
    return said


def assert_each_event_of_the_log_took_effect_once() -> None:
    in_log = Counter({str(event_id): 1 for (event_id,) in rows("SELECT event_id FROM domain_events")})
    assert Counter(event_id for (event_id,) in rows("SELECT event_id FROM effects")) == in_log
    assert len(in_log) == (HANDLED + LAGGING + PENDING + 2) * len(KEYS)
    assert not DeadLetter.objects.exists()


@pytest.mark.usefixtures("kafka")
def test_beside_a_newer_kafka(group: ConsumerGroup, restored: str, tmp_path: Path) -> None:
    live_dump_and_live_on(group, tmp_path / "dump")
    restore(tmp_path / "dump", restored)

    with moved_to(restored):
        said = restore_and_mend(group)

        assert_each_event_of_the_log_took_effect_once()
        assert f"{LOST * len(KEYS)} messages of events that the log has no more" in said
        assert after_restore().splitlines()[-2].startswith("Broker and database agree.")


def test_beside_a_newer_rabbitmq(
    group: ConsumerGroup, rabbitmq: Embedded, restored: str, tmp_path: Path, settings: Any
) -> None:
    forget_patterns(rabbitmq.address)
    settings.NOVA_BUS, settings.RABBITMQ_URL, settings.KAFKA_BROKERS = "rabbitmq", rabbitmq.address, ""
    bus = bus_of(outbox_conf())
    bus.ensure_group(group.name, group.topics)
    bus.close()
    live_dump_and_live_on(group, tmp_path / "dump")
    restore(tmp_path / "dump", restored)

    with moved_to(restored):
        said = restore_and_mend(group)

        assert_each_event_of_the_log_took_effect_once()
        assert "outbox rows to be published again" in said
