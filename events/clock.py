"""Lamport clock: which of two events came first, as far as anybody could know. Each carries one in its metadata.

The rule is Lamport's (*Time, Clocks, and the Ordering of Events in a Distributed System*, 1978): a process counts its
events, and whatever it receives lifts its count to at least the number received. So an event's clock is greater than

- those of all events that its process has appended, consumed or read from the store before it, its cause among them;
- those of the events before it in its stream, when the append expects an exact version that this process has read;
- any clock that the caller hands in, as `clock` of its `event_context` or of the event's own metadata: what a task of
  another process, or a client, has seen.

It is not promised for a stream's earlier events that this process has never seen, as when it appends blindly
(`Expected.ANY`): to look them up would cost every append a second round trip, and there `version` already tells the
order. Equal clocks, and clocks of events that know nothing of each other, say nothing.
"""

import os
import threading

CLOCK = "clock"
TRACEPARENT = "traceparent"
RESERVED = frozenset((CLOCK, TRACEPARENT))
"""Keys of the metadata that tell how an event came about, not what it says; a repetition is known despite them."""

# Nobody counts that far, but anybody may claim to have. Above what may be claimed there is room for counting on, and
# above what is believed to have been counted the integers of JSON reach twice as far.
HIGHEST_CLAIMED = 2**48
HIGHEST_RECEIVED = 2**52


class LamportClock:
    """The count of one process. Used by many threads."""

    def __init__(self, value: int = 0) -> None:
        self._value = value
        self._lock = threading.Lock()

    @property
    def value(self) -> int:
        """The clock of the last event that was appended or seen."""
        return self._value

    def tick(self, seen: int = 0) -> int:
        """The clock of a new event: greater than all before it, and than the one that its maker has seen."""
        with self._lock:
            self._value = max(self._value, seen) + 1
            return self._value

    def witness(self, seen: int) -> None:
        """Take notice of a received clock: the events to come are greater."""
        # The value only rises, so one that is lower now is lower ever after, and most are: no lock for them.
        if self._value < seen <= HIGHEST_RECEIVED:
            with self._lock:
                self._value = max(self._value, seen)

    def after_fork(self) -> None:
        """Go on in a new process from where its parent was; the lock may have been held by a thread that is gone."""
        self._lock = threading.Lock()


process_clock = LamportClock()
os.register_at_fork(after_in_child=process_clock.after_fork)


def clock_of(metadata: dict[str, object]) -> int:
    """The clock in an event's metadata; 0 when it has none, as events from before there was one."""
    clock = metadata.get(CLOCK)
    return clock if type(clock) is int and 0 <= clock <= HIGHEST_RECEIVED else 0
