"""Replay: very many events are read and handled again, fast and in constant memory.

A thread reads pages ahead while the ones before are decoded and handled. Handlers may run in several workers: all
events of a stream go to one worker, in order; between streams there is no order then.

It has more than 200 lines because reading ahead and the workers share one channel and its end.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Generic, TypeVar
from zlib import crc32

from django.db import connections
from msgspec import Struct

from events.arguments import arguments, check_name
from events.envelope import RecordedEvent, StreamId
from events.exceptions import ReplayFailed
from events.sql.columns import RECORDED_COLUMNS
from events.sql.statements import statement
from events.store.connection import live_cursor
from events.store.positions import safe_position
from events.store.reading.page_byte_limit import first_page
from events.store.reading.rows import Row, recorded_events
from kit.arguments import MAX_BIGINT

PAGE = 1_000
PAGES_AHEAD = 2
# Threads of a replay: each has database connections of its own.
MAX_WORKERS = 1_000
# Events that wait for one worker.
QUEUE_SIZE = 250
# Events decoded at once: enough to be fast, few enough to take no memory.
DECODED_AHEAD = 100
POSITION, VERSION = map(RECORDED_COLUMNS.index, ("position", "version"))
# Seconds between two looks whether the other side has gone.
POLL_INTERVAL = 0.1

Handler = Callable[[RecordedEvent], None]
ItemT = TypeVar("ItemT")


class Replayed(Struct, frozen=True, kw_only=True):
    """What a replay has done."""

    events: int
    """How many events were handled."""
    position: int
    """How far the log was read: where a later replay goes on."""


def stream_log(
    after: int = 0,
    *,
    until: int | None = None,
    event_types: Sequence[str] | None = None,
    aggregate_type: str | None = None,
    since: datetime | None = None,
    page: int = PAGE,
    using: str = "default",
) -> Iterator[RecordedEvent]:
    """The log after a position, up to `until` or to where it can be read when this begins.

    Pages are read through a connection of another thread, which sees what is committed.
    """
    arguments.number("after", after)
    arguments.number("until", until)
    arguments.texts("event_types", event_types)
    arguments.text("aggregate_type", aggregate_type)
    arguments.time("since", since)
    arguments.limit(page, name="page")
    end = safe_position(using=using, read_elsewhere=True)
    if until is not None:
        end = min(until, end)
    filters = {
        "event_types": None if event_types is None else list(event_types),
        "aggregate_type": aggregate_type,
        "since": since,
        "until": None,
        "number": None,
        "of": None,
    }

    def pages() -> Iterator[list[Row]]:
        position = after
        while True:
            rows = _rows("log_after", using, after=position, safe=end, max_count=page, **filters)
            yield rows
            if len(rows) < page:
                return
            position = rows[-1][POSITION]

    return _decoded(pages, using)


def stream_events(
    stream: StreamId, from_version: int = 1, *, page: int = PAGE, using: str = "default"
) -> Iterator[RecordedEvent]:
    """A whole stream from a version on, however long it is."""
    check_name(stream)
    arguments.number("from_version", from_version)
    arguments.limit(page, name="page")

    def pages() -> Iterator[list[Row]]:
        version = from_version
        while True:
            rows = _rows(
                "stream_forwards",
                using,
                aggregate_type=stream.aggregate_type,
                aggregate_id=stream.aggregate_id,
                from_version=version,
                to_version=MAX_BIGINT,
                max_count=page,
                whole=True,
            )
            yield rows
            if len(rows) < page:
                return
            version = rows[-1][VERSION] + 1

    return _decoded(pages, using)


def replay(
    handlers: Mapping[str, Handler],
    *,
    after: int = 0,
    since: datetime | None = None,
    workers: int = 1,
    using: str = "default",
) -> Replayed:
    """Hand every event of the handlers' types to its handler, from a position or a time on.

    With several workers handlers run in as many threads, each with database connections of its own. The first failure
    ends the replay: `ReplayFailed` names the event, and what the handler raised is its cause. Events of other
    workers may have been handled beyond it.
    """
    arguments.number("after", after)
    arguments.time("since", since)
    arguments.limit(workers, name="workers", most=MAX_WORKERS)
    end = safe_position(using=using, read_elsewhere=True)
    count = 0
    with _dispatcher(handlers, workers) as handle:
        for event in stream_log(after, until=end, event_types=list(handlers), since=since, using=using):
            handle(event)
            count += 1
    return Replayed(events=count, position=max(end, after))


def _rows(name: str, using: str, **parameters: Any) -> list[Row]:
    with live_cursor(using) as cursor:
        return cursor.execute(statement(name), parameters).fetchall()


def _decoded(pages: Callable[[], Iterator[list[Row]]], using: str) -> Iterator[RecordedEvent]:
    for rows in _ahead(pages, using):
        start = 0
        while start < len(rows):
            part = first_page(rows[start : start + DECODED_AHEAD])
            yield from recorded_events(part)
            start += len(part)


class _Channel(Generic[ItemT]):
    """A short queue between two threads, either of which may go away."""

    def __init__(self, size: int) -> None:
        self._queue: queue.Queue[ItemT] = queue.Queue(size)
        self.closed = threading.Event()

    def put(self, item: ItemT) -> bool:
        """Whether it was put; not when the channel was closed meanwhile."""
        while not self.closed.is_set():
            with suppress(queue.Full):
                self._queue.put(item, timeout=POLL_INTERVAL)
                return True
        return False

    def get(self) -> ItemT | None:
        """The next item; `None` when the channel was closed meanwhile."""
        while not self.closed.is_set():
            with suppress(queue.Empty):
                return self._queue.get(timeout=POLL_INTERVAL)
        return None


class _End(Struct, frozen=True):
    error: BaseException | None = None


def _ahead(pages: Callable[[], Iterator[list[Row]]], using: str) -> Iterator[list[Row]]:
    channel: _Channel[list[Row] | _End] = _Channel(PAGES_AHEAD)

    def read() -> None:
        try:
            for rows in pages():
                if not channel.put(rows):
                    return
            channel.put(_End())
        except BaseException as error:  # noqa: BLE001 - it is raised again where the pages are wanted
            channel.put(_End(error))
        finally:
            connections[using].close()

    thread = threading.Thread(target=read, name="replay-reader", daemon=True)
    thread.start()
    try:
        while not isinstance(item := channel.get(), _End):
            yield item or []
        if item.error is not None:
            raise item.error
    finally:
        channel.closed.set()
        thread.join()


@contextmanager
def _dispatcher(handlers: Mapping[str, Handler], workers: int) -> Iterator[Handler]:
    if workers == 1:
        yield lambda event: _handle(handlers, event)
        return
    failures: list[BaseException] = []
    channels: list[_Channel[RecordedEvent | _End]] = [_Channel(QUEUE_SIZE) for _ in range(workers)]

    def work(channel: _Channel[RecordedEvent | _End]) -> None:
        try:
            while isinstance(event := channel.get(), RecordedEvent):
                _handle(handlers, event)
        except BaseException as error:  # noqa: BLE001 - it is raised again where the replay was asked for
            failures.append(error)
            for other in channels:
                other.closed.set()
        finally:
            connections.close_all()

    def dispatch(event: RecordedEvent) -> None:
        if not channels[crc32(str(event.stream).encode()) % workers].put(event):
            raise failures[0]

    threads = [
        threading.Thread(target=work, args=(channel,), name="replay-worker", daemon=True) for channel in channels
    ]
    for thread in threads:
        thread.start()
    try:
        yield dispatch
        for channel in channels:
            channel.put(_End())
        for thread in threads:
            thread.join()
    finally:
        for channel in channels:
            channel.closed.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


def _handle(handlers: Mapping[str, Handler], event: RecordedEvent) -> None:
    try:
        handlers[event.event_type](event)
    except Exception as error:
        raise ReplayFailed(event) from error
