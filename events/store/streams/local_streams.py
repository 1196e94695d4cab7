"""Local stream cache: the streams that a process has loaded last, up to a number of events and of bytes (LRU)."""

import threading
from collections import OrderedDict

from msgspec import Struct

from events.envelope import RecordedEvent, StreamId


class Beginning(Struct, frozen=True):
    """The first events of a stream."""

    events: tuple[RecordedEvent, ...] = ()
    bytes: int = 0
    """About how much JSON they come to."""


NOTHING = Beginning()


class LocalStreams:
    """The streams that this process has loaded last, up to a number of events and of bytes in all. Safe for threads."""

    def __init__(self, *, max_events: int, max_bytes: int) -> None:
        """An empty one."""
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._streams: OrderedDict[tuple[str, StreamId], Beginning] = OrderedDict()
        self._events = self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[str, StreamId]) -> Beginning:
        """The first events of a stream, as far as they are known."""
        with self._lock:
            if key in self._streams:
                self._streams.move_to_end(key)
            return self._streams.get(key, NOTHING)

    def put(self, key: tuple[str, StreamId], beginning: Beginning) -> None:
        """Keep the first events of a stream; what was not used for longest makes room."""
        with self._lock:
            self._drop(self._streams.pop(key, NOTHING))
            self._streams[key] = beginning
            self._events += len(beginning.events)
            self._bytes += beginning.bytes
            while self._events > self._max_events or self._bytes > self._max_bytes:
                _, dropped = self._streams.popitem(last=False)
                self._drop(dropped)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._streams.clear()
            self._events = self._bytes = 0

    def _drop(self, beginning: Beginning) -> None:
        self._events -= len(beginning.events)
        self._bytes -= beginning.bytes
