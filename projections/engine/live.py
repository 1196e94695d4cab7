"""Live projection: the rows that a projection would have, folded on demand, without tables and checkpoint."""

from collections.abc import Collection, Iterator
from typing import TypeVar

from events.api import get_events, read_log
from events.envelope import RecordedEvent, StreamId
from projections.definition.folded import FoldedProjection

PAGE = 1_000
StateT = TypeVar("StateT")


def live(
    projection: FoldedProjection[StateT],
    *,
    stream: StreamId | None = None,
    event_types: Collection[str] | None = None,
) -> dict[str, StateT]:
    """The rows by key, of all events that can be read now: of one stream, or of the whole log.

    `event_types` narrows those that the projection handles. It reads everything that it folds: right for a stream and
    for small types, not for each request over a long log.
    """
    types = projection.event_types if event_types is None else projection.event_types.intersection(event_types)
    return projection.fold(_of_log(types) if stream is None else _of_stream(stream, types), {})


def _of_stream(stream: StreamId, event_types: Collection[str]) -> Iterator[RecordedEvent]:
    version = 1
    # All of it, whatever readers of the stream are shown: the engine folds all of it, too.
    while page := get_events(stream, version, limit=PAGE, whole=True):
        yield from (event for event in page if event.event_type in event_types)
        version = page[-1].version + 1


def _of_log(event_types: Collection[str]) -> Iterator[RecordedEvent]:
    page = read_log(0, PAGE, event_types)
    yield from page.events
    while page.position < page.safe_position:
        page = read_log(page.position, PAGE, event_types)
        yield from page.events
