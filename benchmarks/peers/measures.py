"""Peer measures: appends with their outbox rows and typed reads, each beside the library `eventsourcing` at its best.

Its functions in the database are faster for some work and slower for other: both ways are measured in turn, and the
better one counts. `peer_append_…` hands its recorder states that msgspec has encoded, the cheapest way there is, while
Nova is given typed events; `peer_append_typed_…` goes through its own mapper, as its applications do. Reads are typed
by that mapper.
"""

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property, partial
from uuid import UUID

from benchmarks.events import new_event, new_stream
from benchmarks.harness import Measure, rate
from benchmarks.peers.recorder import NAME, PeerRecorder
from benchmarks.store.reading import written_stream
from events.api import Expected, StreamId, append_events, get_events, stream_log

ONES, BATCHES, BATCH = 300, 20, 100
STREAMS, STREAM, LOADS = 10, 1_000, 10
PAGE = 1_000  # events, as Nova's own pages of the log
APPENDING_GOAL = 1.0
READING_GOAL = 1 / 0.6
"""Typed reads are to take at most 0.6 of the peer's time."""


class Peers:
    """The peer with its functions and without, and what is to be read; made when first asked for."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self._url = url
        self._stack = stack

    @cached_property
    def writing(self) -> tuple[PeerRecorder, ...]:
        """Those that are appended to."""
        return self._recorders("peer_written")

    @cached_property
    def reading(self) -> tuple[tuple[PeerRecorder, UUID], ...]:
        """Those that are read from, each with one of its streams."""
        return tuple((recorder, _last_of(recorder)) for recorder in self._recorders("peer_read"))

    @cached_property
    def own_stream(self) -> StreamId:
        """One of Nova's streams."""
        return [written_stream(STREAM) for _ in range(STREAMS)][-1]

    def best_of_appends(self, work: Callable[[PeerRecorder], int]) -> float:
        """The better rate of the two."""
        return max(rate(partial(work, recorder)) for recorder in self.writing)

    def best_of_reads(self, work: Callable[[PeerRecorder, UUID], int]) -> float:
        """The better rate of the two."""
        return max(rate(partial(work, recorder, stream)) for recorder, stream in self.reading)

    def _recorders(self, schema: str) -> tuple[PeerRecorder, ...]:
        recorders = tuple(
            PeerRecorder(self._url, f"{schema}_{functions}".lower(), functions=functions) for functions in (True, False)
        )
        for recorder in recorders:
            self._stack.callback(recorder.close)
        return recorders


def measures(url: str, stack: ExitStack) -> list[Measure]:
    """All measures beside peers."""
    peers = Peers(url, stack)
    return [
        Measure(
            name="peer_append_1",
            unit="events/s",
            goal=APPENDING_GOAL,
            beside=NAME,
            raw=lambda: peers.best_of_appends(lambda recorder: _peer_appends(recorder, ONES, 1)),
            nova=lambda: rate(lambda: _nova_appends(ONES, 1)),
        ),
        Measure(
            name="peer_append_100",
            unit="events/s",
            goal=APPENDING_GOAL,
            beside=NAME,
            raw=lambda: peers.best_of_appends(lambda recorder: _peer_appends(recorder, BATCHES, BATCH)),
            nova=lambda: rate(lambda: _nova_appends(BATCHES, BATCH)),
        ),
        Measure(
            name="peer_append_typed_1",
            unit="events/s",
            goal=APPENDING_GOAL,
            beside=NAME,
            raw=lambda: peers.best_of_appends(lambda recorder: _peer_appends_typed(recorder, ONES, 1)),
            nova=lambda: rate(lambda: _nova_appends(ONES, 1)),
        ),
        Measure(
            name="peer_append_typed_100",
            unit="events/s",
            goal=APPENDING_GOAL,
            beside=NAME,
            raw=lambda: peers.best_of_appends(lambda recorder: _peer_appends_typed(recorder, BATCHES, BATCH)),
            nova=lambda: rate(lambda: _nova_appends(BATCHES, BATCH)),
        ),
        Measure(
            name="peer_load_stream_1000",
            unit="events/s",
            goal=READING_GOAL,
            beside=NAME,
            raw=lambda: peers.best_of_reads(lambda recorder, one: sum(recorder.load(one) for _ in range(LOADS))),
            nova=lambda: _nova_loads(peers.own_stream),
        ),
        Measure(
            name="peer_replay_log",
            unit="events/s",
            goal=READING_GOAL,
            beside=NAME,
            raw=lambda: peers.best_of_reads(lambda recorder, _: recorder.replay(page=PAGE)),
            nova=lambda: _nova_replays(peers.own_stream),
        ),
    ]


def _last_of(recorder: PeerRecorder) -> UUID:
    return [recorder.append_typed(STREAM, at_once=BATCH) for _ in range(STREAMS)][-1]


def _peer_appends(recorder: PeerRecorder, times: int, number: int) -> int:
    for _ in range(times):
        recorder.append(number)
    return times * number


def _peer_appends_typed(recorder: PeerRecorder, times: int, number: int) -> int:
    for _ in range(times):
        recorder.append_typed(number, at_once=number)
    return times * number


def _nova_appends(times: int, number: int) -> int:
    for _ in range(times):
        append_events(new_stream(), Expected.NO_STREAM, [new_event() for _ in range(number)])
    return times * number


def _nova_loads(stream: StreamId) -> float:
    return rate(lambda: sum(len(get_events(stream)) for _ in range(LOADS)))


def _nova_replays(_: StreamId) -> float:
    """Over a log that holds at least the streams that were written."""
    return rate(lambda: sum(1 for _ in stream_log()))
