"""Append parameters: prepared events for the appending statements, one by its columns or several as JSON documents."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import asdict

from events.envelope import StreamId, StreamWrite
from events.exceptions import InvalidEvent
from events.store.prepared import PreparedEvent

Values = Callable[[PreparedEvent], Mapping[str, Any]]
"""What the append hook wants to know of an event; see `OnAppend`."""


class _StreamRow(Struct, frozen=True, gc=False):
    stream: int
    aggregate_type: str
    aggregate_id: str
    expected: int


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
) -> dict[str, Raw]:
    """Several events for `append_many.sql`, and what the append hook wants to know of each. Raises `InvalidEvent`.

    A stream may stand in several writes, so that the events of several streams keep the order between them.
    """
    streams: dict[StreamId, _StreamRow] = {}
    steps: list[int] = []
    rows: list[bytes] = []
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
            rows.append(_row(event, place, stream.stream, step))
        steps[stream.stream] += len(events)
    return {
        "streams": Raw(_ENCODER.encode(list(streams.values()))),
        "events": Raw(b"[%b]" % b",".join(rows)),
        "more": Raw(_ENCODER.encode(more)),
    }


def _row(event: PreparedEvent, place: int, stream: int, step: int) -> bytes:
    """The event as a JSON object: around what was hashed already, so that it is encoded once."""
    begun = b'{"ord":%d,"stream":%d,"step":%d,"content_hash":"%b",' % (
        place,
        stream,
        step,
        event.content_hash.hex().encode(),
    )
    if event.packed is not None:
        begun += b'"encoding":%b,"payload_bytes":%b,' % (
            _ENCODER.encode(event.encoding),
            _ENCODER.encode(event.packed),
        )
    return begun + event.text[1:]


def hook_values(values: Values, event: PreparedEvent, number: int) -> Mapping[str, Any]:
    """What the hook wants to know of an event of the write of this number. Raises `InvalidEvent` for one it refuses."""
    try:
        return values(event)
    except InvalidEvent as error:
        raise error.within(f"/{number}") from None


_ENCODER = msgspec.json.Encoder()
