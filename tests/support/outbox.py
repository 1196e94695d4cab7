"""Rows to relay, messages to consume, and topics to look at from outside."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, Producer
from django.db import connection

from events.api import Appended, Expected, NewEvent, StreamId, Untyped, append_events
from outbox.hosting.hosted_loop import Host, Loop
from outbox.models import OutboxEvent

EVENTUALLY_TIMEOUT = 30.0


def unique(name: str) -> str:
    """A name that nothing has had before."""
    return f"{name}-{uuid4().hex[:12]}"


def note(number: int, *, size: int = 0) -> NewEvent:
    """An event of a type that no code registers."""
    return NewEvent(payload=Untyped("note.taken", {"number": number, "filling": "x" * size}))


def take_notes(key: str, *numbers: int, size: int = 0) -> Appended:
    """Append numbered events to the stream of a key."""
    return append_events(StreamId("note", key), Expected.ANY, [note(number, size=size) for number in numbers])


def states() -> dict[tuple[str, int], str]:
    """What has become of each row, by key and version."""
    found = {}
    for row in OutboxEvent.objects.all():
        state = "published" if row.published else "discarded" if row.discarded_at else "pending"
        if state == "pending" and row.dead_at:
            state = "dead"
        elif state == "pending" and row.next_attempt_at:
            state = "waiting"
        found[row.partition_key, row.version] = state
    return found


def read_topic(brokers: str, topic: str, *, at_least: int) -> list[Any]:
    """All messages of a topic, read by a plain consumer that knows nothing of Nova; order holds per partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": unique("reader"),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    consumer.subscribe([topic])
    messages: list[Any] = []
    ended: set[int | None] = set()
    deadline = time.monotonic() + EVENTUALLY_TIMEOUT
    try:
        while time.monotonic() < deadline:
            message = consumer.poll(0.2)
            if message is None:
                continue
            if message.error():
                ended.add(message.partition())
            else:
                messages.append(message)
                ended.discard(message.partition())
            if len(messages) >= at_least and len(ended) == len(consumer.assignment()):
                break
    finally:
        consumer.close()
    return messages


def produce(
    brokers: str, topic: str, *messages: tuple[bytes | None, bytes | None, dict[str, bytes]], age: float = 0.0
) -> None:
    """Write (key, body, headers) with an outside client, as if so many seconds ago."""
    timestamp = int((time.time() - age) * 1_000)
    producer = Producer({"bootstrap.servers": brokers})
    for key, body, headers in messages:
        producer.produce(topic, key=key, value=body, headers=list(headers.items()), timestamp=timestamp)
    assert producer.flush(EVENTUALLY_TIMEOUT) == 0


def eventually(
    holds: Callable[[], Any], *, within: float = EVENTUALLY_TIMEOUT, lacking: Callable[[], object] = lambda: ""
) -> Any:
    """Look until it holds; what it then says. `lacking` says what still is not so when the time is over."""
    deadline = time.monotonic() + within
    while not (answer := holds()):
        assert time.monotonic() < deadline, f"not within {within} s {lacking()}"
        time.sleep(0.02)
    return answer


@contextmanager
def hosted(*loops: Loop) -> Iterator[None]:
    """Run loops in threads of their own, and stop them as a worker does."""
    hosts = [Host(f"test {place}", lambda loop=loop: loop) for place, loop in enumerate(loops)]  # type: ignore[misc]
    for host in hosts:
        host.start()
    try:
        yield
    finally:
        for host in hosts:
            host.request_stop()
        for host in hosts:
            host.join(EVENTUALLY_TIMEOUT)


def in_order(messages: Sequence[Any]) -> dict[str, list[int]]:
    """The versions of each key as they first come, in the order of the topic."""
    seen: dict[str, dict[int, None]] = {}
    for message in messages:
        versions = seen.setdefault(str(message.key(), "utf-8"), {})
        versions.setdefault(int(headers_of(message)["version"]))
    return {key: list(versions) for key, versions in seen.items()}


def headers_of(message: Any) -> dict[str, bytes]:
    """The headers by name."""
    return dict(message.headers())


def url_of_test_database() -> str:
    """Where another process finds this test's database."""
    of = connection.settings_dict
    return f"postgresql://{of['USER']}:{of['PASSWORD']}@{of['HOST']}:{of['PORT']}/{of['NAME']}"
