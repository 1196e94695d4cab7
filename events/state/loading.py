"""Aggregate loading: state now, or at a version, from the newest snapshot that counts and the events after it."""

import time
from typing import Any

from msgspec import Struct

from events.aggregates.aggregate import Aggregate
from events.arguments import arguments
from events.envelope import StreamId
from events.exceptions import AggregateNotFound
from events.state.snapshots import latest_snapshot
from events.store.reading.queries import load_events_range
from events.store.streams.cache import load_stream


class Loaded(Struct, frozen=True, kw_only=True):
    """An aggregate as it is loaded."""

    stream: StreamId
    version: int
    """Of the last event that counts in the state; 0 for a stream without events."""
    state: Any
    folded: int
    """How many events were folded."""
    seconds: float
    """How long it took."""


def load(
    aggregate: Aggregate[Any],
    aggregate_id: str,
    *,
    up_to: int | None = None,
    must_exist: bool = False,
    using: str = "default",
) -> Loaded:
    """The state, not above the version `up_to`; the initial one for a stream without events, unless it `must_exist`.

    Raises `UnreadableStream` when an event that counts cannot be read, `AggregateNotFound` where nothing is that must.
    """
    arguments.number("up_to", up_to)
    started = time.perf_counter()
    stream = StreamId(aggregate.name, aggregate_id)
    snapshot = latest_snapshot(aggregate, aggregate_id, up_to=up_to, using=using)
    state, version = (snapshot.state, snapshot.version) if snapshot else (aggregate.initial, 0)
    if up_to is None:
        events = load_stream(stream, after=version, using=using)
    else:
        events = load_events_range(stream, version + 1, up_to, whole=True, using=using)
    if must_exist and not events and not version:
        raise AggregateNotFound(stream)
    state = aggregate.fold_recorded(state, events)
    return Loaded(
        stream=stream,
        version=events[-1].version if events else version,
        state=state,
        folded=len(events),
        seconds=time.perf_counter() - started,
    )
