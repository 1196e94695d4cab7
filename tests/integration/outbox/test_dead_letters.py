"""What can an operator do about dead letters?"""

import pytest

from outbox import handlers
from outbox.api import (
    ConsumerGroup,
    Handler,
    IncomingMessage,
    ReceivedEvent,
    discard_dead_letters,
    register_groups,
    retry_dead_letters,
)
from outbox.dead_letters import bury, original, retry_requested
from outbox.models import DeadLetter, InboxEntry

pytestmark = pytest.mark.django_db


class Fussy:
    """A handler that can be made to fail."""

    def __init__(self) -> None:
        self.failing = True
        self.handled: list[ReceivedEvent] = []

    def handle(self, event: ReceivedEvent) -> None:
        if self.failing:
            raise ValueError(f"not today: {event.offset}")
        self.handled.append(event)


@pytest.fixture
def fussy() -> Fussy:
    return Fussy()


@pytest.fixture
def group(fussy: Fussy, monkeypatch: pytest.MonkeyPatch) -> ConsumerGroup:
    monkeypatch.setattr(handlers, "_groups", {})
    made = ConsumerGroup(name="fussy", topics=["t"], handlers=[Handler(name="h", event_types="*", handle=fussy.handle)])
    register_groups([made])
    return made


MESSAGE = IncomingMessage(
    topic="t",
    partition=1,
    offset=2,
    key=b"\xff",
    body=b'{"n": 1}',
    headers=(("event_type", b"x.happened"), ("odd", b"\xff\x00"), ("none", None)),
    timestamp=1_700_000_000_000,
)


def dead_letter(group: ConsumerGroup) -> DeadLetter:
    bury(group, MESSAGE, ValueError("no"), attempts=3)
    return DeadLetter.objects.get()


def test_a_dead_letter_keeps_the_message_exactly(group: ConsumerGroup) -> None:
    assert original(dead_letter(group)) == MESSAGE


def test_a_dead_letter_is_marked_as_processed_and_written_once(group: ConsumerGroup) -> None:
    letter = dead_letter(group)

    bury(group, MESSAGE, ValueError("again"), attempts=3)

    assert DeadLetter.objects.count() == 1
    assert InboxEntry.objects.filter(consumer="fussy", event_id=letter.event_id).exists()


def test_a_retried_letter_is_handled_once(
    group: ConsumerGroup, fussy: Fussy, django_capture_on_commit_callbacks: object
) -> None:
    letter = dead_letter(group)
    fussy.failing = False

    assert retry_dead_letters([letter.pk], actor="operator") == 1
    assert retry_requested() == 1
    assert retry_requested() == 0

    assert [event.event_id for event in fussy.handled] == [letter.event_id]
    letter.refresh_from_db()
    assert letter.status == DeadLetter.Status.RETRIED
    assert retry_dead_letters([letter.pk], actor="operator") == 0


def test_a_letter_that_fails_again_is_open_again_with_the_new_reason(group: ConsumerGroup) -> None:
    letter = dead_letter(group)

    retry_dead_letters([letter.pk], actor="operator")
    assert retry_requested() == 0

    letter.refresh_from_db()
    assert (letter.status, letter.attempts, letter.message) == (DeadLetter.Status.OPEN, 4, "not today: 2")


def test_a_discarded_letter_is_handled_no_more(group: ConsumerGroup, fussy: Fussy) -> None:
    letter = dead_letter(group)
    fussy.failing = False

    assert discard_dead_letters([letter.pk], actor="operator") == 1
    assert retry_dead_letters([letter.pk], actor="operator") == 0

    assert retry_requested() == 0
    assert fussy.handled == []


def test_failures_of_one_kind_at_one_place_are_one_group(group: ConsumerGroup, fussy: Fussy) -> None:
    for offset in (1, 2):
        message = IncomingMessage(
            topic="t", partition=0, offset=offset, key=None, body=b"{}", headers=(("event_type", b"x"),), timestamp=None
        )
        try:
            group.handlers[0].handle(ReceivedEventAt(offset))  # type: ignore[misc,arg-type]
        except ValueError as error:
            bury(group, message, error, attempts=1)
    bury(group, MESSAGE, KeyError("other"), attempts=1)

    groups = list(DeadLetter.objects.order_by("id").values_list("failure_group", flat=True))
    assert groups[0] == groups[1] != groups[2]


class ReceivedEventAt:
    """As much of an event as the handler looks at."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
