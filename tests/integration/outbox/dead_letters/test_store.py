"""Dead-letter store: a message that cannot be handled is kept as it came, with the reason."""

from typing import Any

import pytest
from msgspec import structs

from outbox.api import ConsumerGroup, IncomingMessage, Poisonous
from outbox.dead_letters.store import handle_again, original, store_dead_letter
from outbox.handling import handlers
from outbox.messages.decoding import to_event
from outbox.messages.headers import event_id_of
from outbox.models import DeadLetter, InboxEntry
from tests.support.dead_letters import Fussy, fussy_group

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> ConsumerGroup:
    return fussy_group(Fussy())


MESSAGE = IncomingMessage(
    topic="t",
    partition=1,
    offset=2,
    key=b"\xff",
    body=b'{"n": 1}',
    headers=(("event_type", b"x.happened"), ("odd", b"\xff\x00"), ("none", None)),
    timestamp=1_700_000_000_000,
)


def stored(group: ConsumerGroup) -> DeadLetter:
    store_dead_letter(group, MESSAGE, ValueError("no"), attempts=3)
    return DeadLetter.objects.get()


def test_a_dead_letter_keeps_the_message_exactly(group: ConsumerGroup) -> None:
    assert original(stored(group)) == MESSAGE


def test_a_dead_letter_is_marked_as_processed_and_written_once(group: ConsumerGroup) -> None:
    dead_letter = stored(group)

    store_dead_letter(group, MESSAGE, ValueError("again"), attempts=3)

    assert DeadLetter.objects.count() == 1
    assert InboxEntry.objects.filter(consumer="fussy", event_id=dead_letter.event_id).exists()


def test_failures_of_one_kind_at_one_place_are_one_group(group: ConsumerGroup) -> None:
    for offset in (1, 2):
        message = IncomingMessage(
            topic="t", partition=0, offset=offset, key=None, body=b"{}", headers=(("event_type", b"x"),), timestamp=None
        )
        try:
            group.handlers[0].handle(ReceivedEventAt(offset))  # type: ignore[misc,arg-type]
        except ValueError as error:
            store_dead_letter(group, message, error, attempts=1)
    store_dead_letter(group, MESSAGE, KeyError("other"), attempts=1)

    groups = list(DeadLetter.objects.order_by("id").values_list("failure_group", flat=True))
    assert groups[0] == groups[1] != groups[2]


class ReceivedEventAt:
    """As much of an event as the handler looks at."""

    def __init__(self, offset: int) -> None:
        self.offset = offset


FOLLOWED = (("event_type", b"user.followed"),)


@pytest.mark.parametrize(
    ("first", "second", "are_alike"),
    [
        ((FOLLOWED, b'{"follower_id":1,"followed_id":"b"}'), (FOLLOWED, b'{"follower_id":2,"followed_id":"b"}'), True),
        ((FOLLOWED, b'{"follower_id":1,"followed_id":"b"}'), (FOLLOWED, b'{"follower_id":"a","followed_id":2}'), False),
        ((FOLLOWED, b'{"follower_id":1,"followed_id":"b"}'), (FOLLOWED, b'{"followed_id":"b"}'), False),
        ((FOLLOWED, b'{"follower_id":1,"followed_id":"b"}'), (FOLLOWED, b"no JSON"), False),
        ((FOLLOWED, b'{"follower_id":1,"followed_id":"b"}'), ((), b"{}"), False),
    ],
)
def test_messages_that_cannot_be_read_are_grouped_by_the_place_where_they_are_wrong(
    group: ConsumerGroup, first: Any, second: Any, *, are_alike: bool
) -> None:
    for offset, (headers, body) in enumerate((first, second)):
        message = structs.replace(MESSAGE, offset=offset, headers=headers, body=body)
        with pytest.raises(Poisonous) as raised:
            to_event(message)
        store_dead_letter(group, message, raised.value, attempts=1)

    assert len(set(DeadLetter.objects.values_list("failure_group", flat=True))) == (1 if are_alike else 2)


def test_a_message_that_names_no_id_keeps_the_one_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was made from its place in its topic, which no dead letter knows."""
    fussy = Fussy()
    monkeypatch.setattr(handlers, "_groups", {"fussy": fussy_group(fussy)})
    store_dead_letter(fussy_group(fussy), structs.replace(MESSAGE, topic_id="made-anew"), ValueError("no"), attempts=3)
    dead_letter = DeadLetter.objects.get()

    fussy.content()
    assert handle_again(dead_letter)

    assert [event.event_id for event in fussy.handled] == [dead_letter.event_id]
    assert dead_letter.event_id != event_id_of(MESSAGE)
