"""Figures of delivery: what waits is counted up to a limit, and each event tells how far it has come."""

from datetime import UTC, datetime
from uuid import uuid4

from outbox.api import Backlog, backlog, deliveries
from outbox.models import DeadLetter, InboxEntry, OutboxEvent
from tests.support.dead_letters import Fussy, dead_lettered, fussy_group
from tests.support.outbox import take_notes


def test_an_event_tells_when_it_was_published_and_by_whom_it_was_handled(recording: None) -> None:
    first, second = take_notes("a", 1, 2).event_ids
    published, handled = (datetime(2025, 1, 15, 10, minute, tzinfo=UTC) for minute in (30, 31))
    OutboxEvent.objects.filter(event_id=first).update(published=True, published_at=published)
    InboxEntry.objects.create(consumer="feed-service", event_id=first, processed_at=handled)
    InboxEntry.objects.create(consumer="feed-service", event_id=uuid4(), processed_at=handled)

    found = deliveries([first, second, uuid4()])

    assert set(found) == {first, second}
    assert (found[first].published_at, found[first].handled_at) == (published, {"feed-service": handled})
    assert (found[second].published_at, found[second].handled_at) == (None, {})
    assert found[first].position < found[second].position
    assert found[first].recorded_at == OutboxEvent.objects.get(event_id=first).created_at


def test_what_waits_is_counted_up_to_a_limit(recording: None) -> None:
    take_notes("a", 1, 2, 3, 4)
    OutboxEvent.objects.filter(version=1).update(dead_at=datetime.now(UTC))
    OutboxEvent.objects.filter(version=3).update(published=True)

    assert backlog(10) == Backlog(pending=2, dead=1, dead_letters=0)
    assert backlog(1) == Backlog(pending=None, dead=1, dead_letters=0)


def test_an_archived_dead_letter_waits_for_nobody(recording: None) -> None:
    first, _ = dead_lettered(fussy_group(Fussy()), 1, 2)
    assert backlog(10).dead_letters == 2
    DeadLetter.objects.filter(pk=first).update(archived_at=datetime.now(UTC))
    assert backlog(10).dead_letters == 1
