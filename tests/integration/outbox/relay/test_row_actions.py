"""Bulk actions on outbox rows: an operator decides about as many as an outage leaves behind."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection

from events.api import set_on_append
from events.store.hooks import on_append
from outbox.api import discard_outbox_rows, record, retry_outbox_rows
from outbox.models import OutboxAction, OutboxEvent
from tests.support.outbox import take_notes

# In one statement, their actions would have more parameters than the protocol has room for.
MANY = 10_001


@pytest.fixture
def dead_rows(db: None) -> list[int]:
    before = on_append()
    set_on_append(record)
    take_notes("a", 1)
    set_on_append(before)
    OutboxEvent.objects.update(dead_at=datetime.now(UTC), retry_count=9, last_error="no")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO outbox_events (event_id, position, aggregate_type, aggregate_id, version, event_type,
                schema_version, source_service, topic, partition_key, shard, payload, metadata, timestamp, dead_at,
                retry_count, last_error)
            SELECT gen_random_uuid(), position + n, aggregate_type, aggregate_id, version + n, event_type,
                schema_version, source_service, topic, partition_key, shard, payload, metadata, timestamp, dead_at,
                retry_count, last_error
            FROM outbox_events, generate_series(1, %s) AS n
            """,
            [MANY - 1],
        )
    return list(OutboxEvent.objects.values_list("pk", flat=True))


@pytest.mark.parametrize(("act", "state"), [(retry_outbox_rows, "pending"), (discard_outbox_rows, "discarded")])
def test_ten_thousand_dead_rows_are_dealt_with_at_once_and_each_keeps_who_and_why(
    dead_rows: list[int], act: Callable[..., int], state: str
) -> None:
    assert act([*dead_rows, dead_rows[0]], actor="operator", reason="the broker is back") == MANY

    assert OutboxEvent.objects.all().in_state(state).count() == MANY
    kept = OutboxAction.objects.filter(actor="operator", reason="the broker is back")
    assert set(kept.values_list("row_id", flat=True)) == set(dead_rows)
    assert kept.count() == MANY
    assert kept[0].before == {"last_error": "no", "retry_count": 9}
