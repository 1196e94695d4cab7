"""Requests: what an instance asks participants for, appended to its own stream in the transaction of its transition."""

from collections.abc import Sequence

from msgspec import Struct

from events.api import NewEvent, StreamId, StreamWrite, append_streams
from sagas.machine.history import Made


class Origin(Struct, frozen=True, kw_only=True, gc=False):
    """What the requests of a transition inherit from the event that caused it."""

    user_id: str | None = None
    traceparent: str | None = None
    clock: int = 0


NOBODY = Origin()


def append_requests(made: Sequence[tuple[Made, Origin]]) -> None:
    """Append all requests of these transitions; the outbox carries them to their topics as any event."""
    writes: dict[StreamId, list[NewEvent]] = {}
    for one, origin in made:
        if not one.transition.sent:
            continue
        instance = one.transition.instance
        metadata = {"traceparent": origin.traceparent} if origin.traceparent else {}
        events = writes.setdefault(StreamId(one.saga.stream_type, instance.key), [])
        for sent in one.transition.sent:
            new = NewEvent(
                payload=sent.payload,
                event_id=sent.request_id,
                correlation_id=instance.correlation_id or instance.saga_id,
                causation_id=one.cause.event_id,
                user_id=origin.user_id,
                metadata=metadata,
            )
            events.append(new)
    if writes:
        append_streams([StreamWrite(stream=stream, events=events) for stream, events in writes.items()])
