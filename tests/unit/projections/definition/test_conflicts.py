"""Of events that come again, a table takes those that its rows do not have yet, or all of them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from events.envelope import RecordedEvent, Untyped
from projections.definition.conflicts import unapplied
from projections.definition.policy import ConflictResolution

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)


def event(aggregate_id: str, version: int) -> RecordedEvent:
    return RecordedEvent(
        position=version,
        event_id=UUID(int=version),
        event_type="a.b",
        schema_version=1,
        source_service="a",
        aggregate_type="a",
        aggregate_id=aggregate_id,
        version=version,
        timestamp=NOON,
        created_at=NOON,
        correlation_id=None,
        causation_id=None,
        user_id=None,
        metadata={},
        payload=Untyped("a.b", {}),
        content_hash=b"",
    )


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (ConflictResolution.VERSION_WINS, [("a", 3), ("b", 1)]),
        (ConflictResolution.LAST_WRITE_WINS, [("a", 2), ("a", 3), ("b", 1)]),
    ],
)
def test_rows_take_what_their_conflict_resolution_says(by, expected):
    events = [event("a", 2), event("a", 3), event("b", 1)]
    taken = unapplied(events, {"a": 2}, key=lambda one: one.aggregate_id, by=by)
    assert [(one.aggregate_id, one.version) for one in taken] == expected
