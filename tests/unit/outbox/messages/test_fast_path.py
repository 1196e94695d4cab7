"""The fast path of decoding reads what the tolerant one reads, and leaves the rest to it."""

from typing import Any
from uuid import uuid4

import pytest

from outbox.bus.base import IncomingMessage
from outbox.exceptions import Poisonous
from outbox.messages.decoding import decode, fast_path, tolerant_path
from outbox.messages.headers import read_headers
from outbox.messages.received import ReceivedEvent, Undecodable

NOVA: dict[str, bytes | None] = {
    "event_type": b"user.deleted",
    "event_id": str(uuid4()).encode(),
    "aggregate_type": b"user",
    "aggregate_id": b"u1",
    "version": b"7",
    "schema_version": b"1",
    "content-type": b"application/json",
    "source_service": b"nova",
    "timestamp": b"2025-01-15T10:30:00.123456Z",
}


def message(**headers: Any) -> IncomingMessage:
    return IncomingMessage(
        topic="t",
        partition=1,
        offset=5,
        key=b"u1",
        body=b'{"user_id":"u1","deleted_at":"2025-01-15T10:30:00Z"}',
        headers=tuple((NOVA | headers).items()),
        timestamp=1_736_937_000_000,
    )


def quick(one: IncomingMessage) -> ReceivedEvent | None:
    return fast_path(read_headers(one))


def slow(one: IncomingMessage) -> ReceivedEvent | Undecodable:
    try:
        return tolerant_path(read_headers(one))
    except Poisonous as error:
        return Undecodable(error)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"correlation_id": str(uuid4()).encode(), "causation_id": str(uuid4()).encode()},
        {"user_id": b"j\xc3\xbcrgen", "traceparent": b"00-0a-0b-01", "clock": b"17"},
        {"x-other": b"", "odd": b"anything"},
        {"clock": b"4503599627370496"},
        {"payload": b"theirs", "topic": b"theirs", "partition": b"9", "offset": b"x", "key": b"theirs"},
        {"user_id": b"null"},
    ],
)
def test_what_the_relay_writes_is_read_alike(more: dict[str, bytes]) -> None:
    assert quick(message(**more)) == slow(message(**more))
    assert decode(message(**more)) == slow(message(**more))


@pytest.mark.parametrize(
    "odd",
    [
        {"odd": None},
        {"odd": b"\xff"},
        {"odd": b"a\x00b"},
        {"event_id": b"not one"},
        {"version": b"-1"},
        {"version": b"many"},
        {"schema_version": b""},
        {"event_type": b""},
        {"user_id": b""},
        {"clock": b"99999999999999999999"},
        {"clock": b"4503599627370497"},
        {"timestamp": b"2025-01-15T10:30:00+02:00"},
        {"timestamp": b"yesterday"},
    ],
)
def test_what_is_odd_is_left_to_the_slow_way(odd: dict[str, bytes | None]) -> None:
    assert quick(message(**odd)) is None
    decoded, expected = decode(message(**odd)), slow(message(**odd))
    assert type(decoded) is type(expected)
    assert decoded == expected or isinstance(decoded, Undecodable)


def test_a_message_without_headers_is_left_to_the_slow_way() -> None:
    assert quick(IncomingMessage(**{**_fields(message()), "headers": ()})) is None
    missing = tuple(pair for pair in message().headers if pair[0] != "event_id")
    assert quick(IncomingMessage(**{**_fields(message()), "headers": missing})) is None


def _fields(of: IncomingMessage) -> dict[str, Any]:
    return {name: getattr(of, name) for name in of.__struct_fields__}
