"""A long log, made by the database itself: 5 000 000 events, of which some kinds are common, some rare and some oldest.

What makes searches slow is there: a stream and a conversation that are very long, a user who has done much, kinds of
events that only the oldest part of the log has, and times that are not in the log's order.
"""

from collections.abc import Callable, Sequence

from django.db import connection

KEPT = 10
"""One of so many events is recent: it still has its outbox row and its marks in the inbox."""
STEP = 250_000
"""Rows of one statement."""

TRIGGERS = "ALTER TABLE domain_events {} TRIGGER USER"
LOG = """
INSERT INTO domain_events (event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id, version,
    timestamp, created_at, correlation_id, causation_id, user_id, metadata, payload, content_hash)
SELECT
    md5('event' || n)::uuid,
    CASE WHEN n <= 20 THEN 'note.forgotten' WHEN n %% 2 = 0 THEN 'note.taken' ELSE 'note.kind_' || n %% 40 END, 1,
    CASE WHEN n <= 20 THEN 'oldest-service' ELSE 'service-' || n %% 5 END,
    CASE WHEN n <= 20 THEN 'relic' WHEN n %% 50 = 0 THEN 'journal' ELSE 'note' END,
    CASE WHEN n <= 20 THEN 'relic-' || n WHEN n %% 50 = 0 THEN 'one' ELSE 'note-' || n / 25 END,
    CASE WHEN n <= 20 THEN 1 WHEN n %% 50 = 0 THEN n / 50 ELSE 1 + n %% 25 END,
    timestamptz '2025-01-01 00:00Z' + (n + n * 7919 %% 1000) * interval '1 second',
    now() - (%(events)s - n) * interval '1 millisecond',
    CASE WHEN n %% 100 = 1 THEN md5('long')::uuid ELSE md5('conversation' || n / 5)::uuid END,
    CASE WHEN n %% 3 = 0 THEN md5('event' || n - 1)::uuid END,
    CASE
        WHEN n <= 20 THEN 'oldest-user' WHEN n %% 100 = 7 THEN 'busy-user' WHEN n %% 2 = 0 THEN 'user-' || n %% 50000
    END,
    '{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "clock": 7}',
    json_build_object('note_id', md5(n::text), 'text', repeat('x', 120), 'kind', 'image'),
    decode(md5(n::text) || md5(n::text), 'hex')
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""
RECENT: tuple[str, ...] = (
    """
    INSERT INTO outbox_events (event_id, position, aggregate_type, aggregate_id, version, event_type, schema_version,
        source_service, topic, partition_key, shard, payload, metadata, correlation_id, timestamp, published,
        published_at, published_partition, published_offset)
    SELECT event_id, position, aggregate_type, aggregate_id, version, event_type, schema_version, source_service,
        'nova.note.events', aggregate_id, position %% 64, payload, metadata, correlation_id, timestamp, true, now(),
        position %% 6, position / 6
    FROM domain_events WHERE position > %(recent)s
    """,
    """
    INSERT INTO inbox (consumer, event_id)
    SELECT 'group-' || g, event_id FROM domain_events, generate_series(1, 10) AS g
    WHERE position > %(recent)s AND position %% 10 < 5
    """,
    """
    INSERT INTO dead_letters (consumer, event_id, event_type, topic, partition, "offset", headers, body, exception,
        message, frame, failure_group, attempts)
    SELECT 'group-' || position %% 10, event_id, event_type, 'nova.note.events', position %% 6, position / 6, '[]', '',
        'ValueError', 'no', '', 'g', 3
    FROM domain_events WHERE position > %(recent)s AND position %% 50 = 3
    """,
    """
    INSERT INTO saga_state (saga_id, saga_type, key, shape, status, current_step, state, version, correlation_id)
    SELECT md5('saga' || n)::uuid, 'saga-' || n %% 8, 'note-' || n, 's', 'completed', '', '{}', 3, NULL
    FROM generate_series(1, %(sagas)s::bigint) AS n
    """,
    """
    INSERT INTO saga_transitions (saga_id, number, at, cause, cause_id, cause_type, status, steps, changes, requests,
        actor, reason)
    SELECT md5('saga' || n)::uuid, number, now(), 'event', md5('event' || n * 25 + number)::uuid, 'note.taken',
        'running', '[]', '[]', '[]', '', ''
    FROM generate_series(1, %(sagas)s::bigint) AS n, generate_series(1, 3) AS number
    """,
)
TABLES = ("domain_events", "outbox_events", "inbox", "dead_letters", "saga_state", "saga_transitions")


def fill(events: int, tell: Callable[[str], None]) -> None:
    """Fill the empty tables of a migrated database."""
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS.format("DISABLE"))
        for first in range(1, events + 1, STEP):
            last = min(first + STEP - 1, events)
            cursor.execute(LOG, {"events": events, "first": first, "last": last})
            tell(f"{last:,} of {events:,} events")
        cursor.execute(TRIGGERS.format("ENABLE"))
        figures = {"recent": events - events // KEPT, "sagas": events // 25}
        for number, statement in enumerate(RECENT, 1):
            tell(f"the rest: {number} of {len(RECENT)}")
            cursor.execute(statement, figures)
        _vacuum(TABLES, tell)


def _vacuum(tables: Sequence[str], tell: Callable[[str], None]) -> None:
    with connection.cursor() as cursor:
        for table in tables:
            tell(f"vacuum of {table}")
            cursor.execute(f"VACUUM ANALYZE {table}")
