"""Groups that hear of what the log has, in any order that messages could come in, and what their tables lack then."""

import random
from collections.abc import Iterator

import pytest
from msgspec import Struct

from events.api import NewEvent, StreamId, append_events, stream_log
from outbox.api import ReceivedEvent, as_received, group_named, take_effect
from projections.api import handled_read_models, verify_handled


def hear(*groups: str, seed: int | None = None) -> None:
    """Give groups all of the log that they have not had: in its order, or in another that keeps the order of keys."""
    logged = [as_received(event) for event in stream_log()]
    for name in groups:
        group = group_named(name)
        wanted = [event for event in logged if group.wants(event.event_type)]
        if seed is None:
            take_effect(group, wanted)
        else:
            for event in interleaved(wanted, random.Random(seed)):
                take_effect(group, [event])


def posted(*payloads: Struct) -> None:
    """Append events of posts, each to the stream of its own."""
    for payload in payloads:
        append_events(StreamId("post", payload.post_id), -1, [NewEvent(payload=payload)])  # type: ignore[attr-defined]


def interleaved(events: list[ReceivedEvent], chance: random.Random) -> Iterator[ReceivedEvent]:
    """The events in some order, those of each key in their own."""
    keys: dict[tuple[str, bytes | None], list[ReceivedEvent]] = {}
    for event in events:
        keys.setdefault((event.topic, event.key), []).append(event)
    while keys:
        key = chance.choice(list(keys))
        yield keys[key].pop(0)
        if not keys[key]:
            del keys[key]


def differences_from_the_log() -> list[str]:
    """What read models that handlers keep differ in from a fold of the log, in its order and in another one."""
    return [
        f"{model.name}{' reordered' * reorder}: {verified.difference}"
        for model in handled_read_models()
        for reorder in (False, True)
        if (verified := verify_handled(model, reorder=reorder)).difference
    ]


@pytest.fixture
def equal_to_the_log(committed_db: None) -> Iterator[None]:
    """At the end of the test, what handlers keep is what the log says; for tests whose events all are of the log."""
    yield
    assert differences_from_the_log() == []
