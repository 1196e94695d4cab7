"""Idempotency keys: an effect outside the database happens once, as far as Redis remembers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis

from events.api import Untyped
from outbox.api import ConsumerGroup, Handler, ReceivedEvent, take_effect
from outbox.models import InboxEntry

pytestmark = pytest.mark.usefixtures("recording", "redis_url")


def received(event_id: UUID) -> ReceivedEvent:
    return ReceivedEvent(
        event_id=event_id,
        event_type="note.taken",
        schema_version=1,
        source_service=None,
        aggregate_type=None,
        aggregate_id=None,
        version=None,
        timestamp=datetime.now(UTC),
        correlation_id=None,
        causation_id=None,
        user_id=None,
        traceparent=None,
        payload=Untyped("note.taken", {}),
        topic="t",
        partition=0,
        offset=0,
        key=None,
    )


class Outside:
    """Two handlers of a group: one that acts outside, and one behind it that may fail."""

    def __init__(self, *, together: bool) -> None:
        self.sent: list[UUID] = []
        self.fails: Callable[[], bool] = lambda: False
        take: dict[str, Any] = (
            {"handle_batch": lambda events: self.sent.extend(event.event_id for event in events)}
            if together
            else {"handle": lambda event: self.sent.append(event.event_id)}
        )
        mail = Handler(name="mail", event_types=["note.taken"], outside=True, **take)
        fussy = Handler(name="fussy", event_types=["note.taken"], handle=self.be_fussy)
        self.group = ConsumerGroup(name="g", topics=["t"], handlers=[mail, fussy])

    def be_fussy(self, _: ReceivedEvent) -> None:
        if self.fails():
            raise LookupError


@pytest.fixture(params=[False, True], ids=["one by one", "together"])
def outside(request: pytest.FixtureRequest) -> Outside:
    return Outside(together=request.param)


def test_what_was_done_outside_before_a_rollback_is_not_done_again(outside: Outside, redis_url: str) -> None:
    event_id = uuid4()
    outside.fails = lambda: True
    with pytest.raises(LookupError):
        take_effect(outside.group, [received(event_id)])
    outside.fails = lambda: False

    take_effect(outside.group, [received(event_id)])

    assert outside.sent == [event_id]
    assert InboxEntry.objects.filter(event_id=event_id).exists()
    with redis.Redis.from_url(redis_url) as client:
        assert 0 < client.ttl(f"processed:{event_id}") <= 7 * 86_400
        assert client.smembers(f"processed:{event_id}") == {b"g/mail"}


def test_when_redis_was_emptied_it_may_be_done_again(outside: Outside, redis_url: str) -> None:
    event_id = uuid4()
    outside.fails = lambda: True
    with pytest.raises(LookupError):
        take_effect(outside.group, [received(event_id)])
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    outside.fails = lambda: False

    take_effect(outside.group, [received(event_id)])

    assert outside.sent == [event_id, event_id]


def test_handlers_do_not_take_each_other_s_keys(outside: Outside) -> None:
    event_id = uuid4()
    take_effect(outside.group, [received(event_id)])
    other = Outside(together=False)
    other.group = ConsumerGroup(name="other", topics=["t"], handlers=other.group.handlers)

    take_effect(other.group, [received(event_id)])

    assert other.sent == [event_id]


def test_again_means_again(outside: Outside) -> None:
    event_id = uuid4()

    assert take_effect(outside.group, [received(event_id)]) == 1
    assert take_effect(outside.group, [received(event_id)]) == 0
    assert take_effect(outside.group, [received(event_id)], again=True) == 1

    assert outside.sent == [event_id, event_id]
