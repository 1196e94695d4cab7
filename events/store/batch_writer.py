"""Batch writer: many callers with a few events each append as fast as one with many, in one statement.

A writer's thread collects what callers hand in, for a tenth of a second or until it has a thousand events, and appends
it at once. If the store refuses, the batch is halved until each refusal meets the caller that it is meant for. Nobody
is answered before the commit. Appends are not part of a transaction that a caller may have open.

It has a few more than 200 lines because collecting, merging and answering make one request's way.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from django.db import connections
from msgspec import Struct

from events.arguments import arguments
from events.conf import events_conf
from events.envelope import Appended, Expected, NewEvent, StreamId, StreamWrite
from events.exceptions import EventStoreError, Unavailable
from events.store.append import append_prepared, check_shape
from events.store.prepared import PreparedEvent, prepare


class _Request(Struct, frozen=True, eq=False):
    """What one caller wants appended, all or nothing."""

    writes: Sequence[StreamWrite]
    prepared: Sequence[Sequence[PreparedEvent]]
    answer: "Future[list[Appended]]"

    @property
    def size(self) -> int:
        return sum(len(events) for events in self.prepared)


class BatchWriter:
    """Appends for many threads at once. Close it, or use it as a context, so that its thread ends.

    It belongs to the process that has made it: a process that forks makes its own.
    """

    def __init__(
        self, *, max_events: int | None = None, max_delay: float | None = None, using: str = "default"
    ) -> None:
        """Start. `max_delay` is in seconds; both limits come from the settings when left out.

        Raises `InvalidArgument` for fewer events than one, or a delay that is negative or longer than an hour.
        """
        arguments.limit(max_events, name="max_events")
        arguments.number("max_delay", max_delay, least=0.0, most=3_600.0)
        conf = events_conf()
        self._max_events = conf.batch_events if max_events is None else max_events
        self._max_delay = conf.batch_delay if max_delay is None else max_delay
        self._using = using
        self._pid = os.getpid()
        self._waiting: deque[_Request] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="batch-writer", daemon=True)
        self._thread.start()

    def append(self, stream: StreamId, expected_version: int, events: Sequence[NewEvent]) -> Appended:
        """Append to one stream and wait for the commit; answers and errors are those of `append_events`."""
        write = StreamWrite(stream=stream, expected_version=expected_version, events=list(events))
        return self.submit([write]).result()[0]

    def submit(self, writes: Sequence[StreamWrite]) -> "Future[list[Appended]]":
        """Hand in an append to one or several streams; the future has the answer or the error of `append_streams`.

        Raises `InvalidEvent` at once for what cannot be an event, and `Unavailable` when the writer is closed or of
        another process. Blanks of the events are filled from the caller's own `event_context`.
        """
        # Before the lock, which may have been held when the process forked.
        if self._is_of_another_process():
            raise Unavailable("the batch writer was made before a fork; its thread is not in this process")
        check_shape(writes)
        request = _Request(writes, prepare(writes), Future())
        with self._changed:
            if self._closed:
                raise Unavailable("the batch writer is closed")
            self._waiting.append(request)
            self._changed.notify()
        return request.answer

    def close(self) -> None:
        """Write what was handed in, answer everybody, and end."""
        if self._is_of_another_process():
            return
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _is_of_another_process(self) -> bool:
        return self._pid != os.getpid()

    def _run(self) -> None:
        try:
            while (batch := self._collect()) is not None:
                for part in _compatible(batch):
                    self._write(part)
        finally:
            connections[self._using].close()

    def _collect(self) -> list[_Request] | None:
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            if not self._waiting:
                return None
            deadline = time.monotonic() + self._max_delay
            while not self._closed and sum(request.size for request in self._waiting) < self._max_events:
                remaining = deadline - time.monotonic()
                if remaining <= 0 or not self._changed.wait(remaining):
                    break
            # Who has cancelled wants nothing written, and cannot cancel from here on.
            return [request for request in self._taken() if request.answer.set_running_or_notify_cancel()]

    def _taken(self) -> Iterator[_Request]:
        size = 0
        while self._waiting and (not size or size + self._waiting[0].size <= self._max_events):
            size += self._waiting[0].size
            yield self._waiting.popleft()

    def _write(self, requests: Sequence[_Request]) -> None:
        try:
            answers = _append(requests, using=self._using)
        except Unavailable as error:
            # The connection may be the one that is broken; the next batch gets another.
            connections[self._using].close()
            for request in requests:
                request.answer.set_exception(Unavailable(str(error)))
        except EventStoreError as error:
            if len(requests) == 1:
                requests[0].answer.set_exception(error)
                return
            middle = len(requests) // 2
            self._write(requests[:middle])
            self._write(requests[middle:])
        except BaseException as error:  # noqa: BLE001 - whatever it is, each caller must hear of it
            for request in requests:
                request.answer.set_exception(error)
        else:
            for request, answer in zip(requests, answers, strict=True):
                request.answer.set_result(answer)


def _compatible(requests: Sequence[_Request]) -> Iterator[list[_Request]]:
    """Groups that can each be one append, in order: no event id twice, and a stream twice only if nothing is expected.

    What one caller expects of a stream cannot be told before the one ahead of it has been answered.
    """
    group: list[_Request] = []
    expected: dict[StreamId, int] = {}
    event_ids: set[object] = set()
    for request in requests:
        own_ids = {event.envelope.event_id for events in request.prepared for event in events}
        meets = any(
            expected.get(write.stream, Expected.ANY) != Expected.ANY
            or (write.stream in expected and write.expected_version != Expected.ANY)
            for write in request.writes
        )
        if group and (meets or own_ids & event_ids):
            yield group
            group, expected, event_ids = [], {}, set()
        group.append(request)
        event_ids |= own_ids
        for write in request.writes:
            expected[write.stream] = write.expected_version
    if group:
        yield group


def _append(requests: Sequence[_Request], *, using: str) -> list[list[Appended]]:
    """The answers to each request, from one append of them all."""
    merged: dict[StreamId, tuple[StreamWrite, list[PreparedEvent]]] = {}
    places: list[list[tuple[StreamId, int, int]]] = []
    for request in requests:
        own = []
        for write, events in zip(request.writes, request.prepared, strict=True):
            _, together = merged.setdefault(write.stream, (write, []))
            own.append((write.stream, len(together), len(events)))
            together += events
        places.append(own)
    appended = append_prepared([write for write, _ in merged.values()], [e for _, e in merged.values()], using=using)
    by_stream = {answer.stream: answer for answer in appended}
    return [[_share(by_stream[stream], start, length) for stream, start, length in own] for own in places]


def _share(whole: Appended, start: int, length: int) -> Appended:
    first = whole.first_version + start
    return Appended(
        stream=whole.stream,
        first_version=first,
        version=first + length - 1,
        positions=whole.positions[start : start + length],
        event_ids=whole.event_ids[start : start + length],
        replayed=whole.replayed,
    )
