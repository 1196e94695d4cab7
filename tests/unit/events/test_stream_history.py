"""What is cached of a stream goes on only where the database still has the same history."""

from datetime import UTC, datetime

from events.envelope import RecordedEvent, Untyped
from events.identifiers import uuid7
from events.store.streams.cache import is_same_history

AT = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)


def recorded(version: int) -> RecordedEvent:
    return RecordedEvent(
        position=version,
        event_id=uuid7(),
        event_type="tea.brewed",
        schema_version=1,
        source_service="tests",
        aggregate_type="tea",
        aggregate_id="t1",
        version=version,
        timestamp=AT,
        created_at=AT,
        correlation_id=None,
        causation_id=None,
        user_id=None,
        metadata={},
        payload=Untyped("tea.brewed", {}),
        content_hash=b"",
    )


def test_a_tail_that_begins_with_the_last_known_event_goes_on() -> None:
    known = [recorded(1), recorded(2)]

    assert is_same_history(known, [(2, known[-1].event_id), (3, uuid7())])


def test_a_tail_that_begins_otherwise_or_not_at_all_is_another_history() -> None:
    known = [recorded(1)]

    assert not is_same_history(known, [])
    assert not is_same_history(known, [(1, uuid7())])
