"""Event metadata: the canonical text with the next clock, also where neighbours share what was encoded before."""

import json
from typing import Any

import pytest

from events.clock import process_clock
from events.codec.canonical import canonical
from events.context import EventContext
from events.exceptions import InvalidEvent
from events.store.event_metadata import MetadataEncoder


def texts(encoder: MetadataEncoder, *own: dict[str, Any]) -> list[bytes]:
    return [encoder.encode(one) for one in own]


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"channel": "web"},
        {"zone": "eu", "attempt": "2"},
        {"text": '"clock":5', "clock-work": "x", 'a"clock': "y"},
        {"weight": 1.5},
        {"nested": {"clock": 3}},
    ],
)
def test_events_that_share_their_metadata_differ_in_the_clock_alone(own: dict[str, Any]) -> None:
    before = process_clock.value

    shared = texts(MetadataEncoder(EventContext(metadata={"traceparent": "t"})), own, own, own)

    for number, text in enumerate(shared, 1):
        expected = {"traceparent": "t"} | own | {"clock": before + number}
        assert json.loads(text) == expected
        assert text == canonical(expected)


def test_what_neighbours_do_not_share_is_encoded_anew() -> None:
    same, other = {"channel": "web"}, {"channel": "app"}

    found = texts(MetadataEncoder(EventContext()), same, other, same, {})

    assert [json.loads(text).get("channel") for text in found] == ["web", "app", "web", None]


@pytest.mark.parametrize("from_context", [True, False])
def test_a_clock_that_was_seen_lifts_that_of_every_event_that_shares_it(*, from_context: bool) -> None:
    seen = process_clock.value + 1_000
    context = EventContext(metadata={"clock": seen}) if from_context else EventContext()
    own = {"channel": "web"} | ({} if from_context else {"clock": seen})

    found = texts(MetadataEncoder(context), own, own)

    assert [json.loads(text)["clock"] for text in found] == [seen + 1, seen + 2]


@pytest.mark.parametrize("clock", [-1, 2**48 + 1, "7", True])
def test_a_clock_that_nobody_can_have_seen_is_refused(clock: Any) -> None:
    with pytest.raises(InvalidEvent):
        MetadataEncoder(EventContext()).encode({"clock": clock})
