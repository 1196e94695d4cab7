"""Append parameters: prepared events for the appending statements, one by its columns or several as JSON documents."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, astuple

from events.codec.pipeline import JSON
from events.envelope import Envelope, StreamId, StreamWrite
from events.exceptions import InvalidEvent
from events.store.prepared import PreparedEvent

Values = Callable[[PreparedEvent], Mapping[str, Any]]
"""What the append hook wants to know of an event; see `OnAppend`."""


class _StreamRow(Struct, frozen=True, gc=False):
    stream: int
    aggregate_type: str
    aggregate_id: str
    expected: int


class _EventRow(Envelope, frozen=True, kw_only=True, gc=False):
    ord: int
    stream: int
    step: int
    content_hash: str
    encoding: str = JSON
    payload_bytes: bytes | None = None


def parameters(write: StreamWrite, event: PreparedEvent) -> dict[str, Any]:
    """The write's only event for `append_one.sql`."""
    return {
        **asdict(event.envelope),
        "expected": int(write.expected_version),
        "content_hash": event.content_hash,
        "encoding": event.encoding,
        "payload_bytes": event.packed,
    }


def documents(
    writes: Sequence[StreamWrite],
    prepared: Sequence[Sequence[PreparedEvent]],
    values: Values,
) -> dict[str, str]:
    """Several events for `append_many.sql`, and what the append hook wants to know of each. Raises `InvalidEvent`.

    A stream may stand in several writes, so that the events of several streams keep the order between them.
    """
    streams: dict[StreamId, _StreamRow] = {}
    steps: list[int] = []
    rows: list[_EventRow] = []
    more: list[dict[str, Any]] = []
    for number, (write, events) in enumerate(zip(writes, prepared, strict=True)):
        stream = streams.get(write.stream)
        if stream is None:
            kind, name = write.stream.aggregate_type, write.stream.aggregate_id
            stream = streams[write.stream] = _StreamRow(len(streams), kind, name, write.expected_version)
            steps.append(0)
        for step, event in enumerate(events, steps[stream.stream] + 1):
            place = len(rows) + 1
            more.append({"ord": place, **hook_values(values, event, number)})
            rows.append(
                _EventRow(
                    *astuple(event.envelope),
                    ord=place,
                    stream=stream.stream,
                    step=step,
                    content_hash=event.content_hash.hex(),
                    encoding=event.encoding,
                    payload_bytes=event.packed,
                )
            )
        steps[stream.stream] += len(events)
    parts = {"streams": list(streams.values()), "events": rows, "more": more}
    return {name: _ENCODER.encode(part).decode() for name, part in parts.items()}


def hook_values(values: Values, event: PreparedEvent, number: int) -> Mapping[str, Any]:
    """What the hook wants to know of an event of the write of this number. Raises `InvalidEvent` for one it refuses."""
    try:
        return values(event)
    except InvalidEvent as error:
        raise error.within(f"/{number}") from None


_ENCODER = msgspec.json.Encoder()
