"""Inbox retention: what no topic can deliver again is forgotten, and nothing else, while consumers go on."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from outbox.api import ConsumerGroup, Handler, ReceivedEvent
from outbox.checks import the_inbox_remembers_longer_than_topics_keep
from outbox.handling.inbox import take_effect
from outbox.handling.inbox_retention import prune_inbox
from outbox.messages.decoding import to_event
from outbox.models import InboxEntry
from tests.support.database import scalar
from tests.support.dead_letters import message

NOW = datetime.now(UTC)
CUTOFF = NOW - timedelta(days=14)


def remember(numbers: range, *, at: datetime) -> None:
    InboxEntry.objects.bulk_create(
        InboxEntry(consumer="g", event_id=UUID(int=number), processed_at=at) for number in numbers
    )


def test_only_entries_beyond_the_retention_are_forgotten(db: None) -> None:
    remember(range(10_000), at=CUTOFF - timedelta(seconds=1))
    remember(range(10_000, 10_010), at=CUTOFF + timedelta(minutes=1))

    assert prune_inbox(CUTOFF) == 10_000
    assert prune_inbox(CUTOFF) == 0
    assert set(InboxEntry.objects.values_list("event_id", flat=True)) == {UUID(int=n) for n in range(10_000, 10_010)}


def test_the_index_finds_old_pages_without_reading_the_young_ones(committed_db: None) -> None:
    remember(range(2_000), at=CUTOFF - timedelta(days=1))
    # So many that the ranges that old rows begin or end in, and the last one, which is not summarised, are few.
    remember(range(2_000, 80_000), at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE inbox")
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) SELECT ctid FROM inbox WHERE processed_at < %s", [CUTOFF])
        plan = cursor.fetchone()[0][0]["Plan"]
        cursor.execute("RESET enable_seqscan")
    pages = scalar("SELECT relpages FROM pg_class WHERE relname = 'inbox'")

    assert plan["Lossy Heap Blocks"] < pages / 5


def test_consumers_beside_it_keep_their_effects_once(committed_db: None, redis_url: str) -> None:
    remember(range(10**6, 10**6 + 20_000), at=CUTOFF - timedelta(days=1))
    handled: list[int] = []
    lock = threading.Lock()

    def handle(event: ReceivedEvent) -> None:
        with lock:
            handled.append(event.offset)

    group = ConsumerGroup(name="g", topics=[], handlers=[Handler(name="h", event_types="*", handle=handle)])
    finished = threading.Event()
    errors: list[BaseException] = []

    def consume() -> None:
        # Every batch is delivered twice, as after a crash.
        try:
            for start in range(0, 400, 20):
                events = [to_event(message(offset)) for offset in range(start, start + 20)]
                take_effect(group, events)
                take_effect(group, events)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()
            finished.set()

    consumer = threading.Thread(target=consume)
    consumer.start()
    removed = prune_inbox(CUTOFF)
    while not finished.is_set():
        removed += prune_inbox(CUTOFF)
    consumer.join()

    assert errors == []
    assert removed == 20_000
    assert sorted(handled) == list(range(400))
    assert InboxEntry.objects.count() == 400


@pytest.mark.parametrize(
    ("inbox", "topics", "problems"), [(14, 7, []), (7, 7, ["outbox.W001"]), (3, 7, ["outbox.W001"])]
)
def test_a_memory_shorter_than_the_topics_is_warned_of(
    settings: Any, inbox: int, topics: int, problems: list[str]
) -> None:
    settings.NOVA_INBOX_RETENTION_DAYS, settings.NOVA_TOPIC_RETENTION_DAYS = inbox, topics

    assert [found.id for found in the_inbox_remembers_longer_than_topics_keep()] == problems
