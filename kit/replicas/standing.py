"""Staleness: how far behind its primary a replica may be, from what both were seen to have.

Pure: what was seen, and when, arrives as data. No clock but this process's own counts: of each look at the primary it
is known when it began, so whatever was committed before is in what the primary had then. A replica that has replayed
that much lacks nothing that is older than that look.
"""

from collections import deque
from math import inf

from msgspec import Struct

from kit.replicas.conf import MAX_STALENESS

POLL_INTERVAL = 0.5
"""Seconds between two looks at a server."""
SILENCE_TIMEOUT = 3.0
"""Seconds without a look that was answered, after which a replica counts as away."""
_KEPT = int(MAX_STALENESS / POLL_INTERVAL)


class PrimarySample(Struct, frozen=True, kw_only=True):
    """What the primary had at a time."""

    at: float
    """Monotonic seconds, from before it was asked: whatever was committed by then is in it."""
    history: str
    """Cluster and timeline: positions in the write-ahead log of another one cannot be compared with these."""
    wal: int
    """Bytes of its write-ahead log."""
    safe_position: int
    """Up to where the event log could be read then; each of those events is in the write-ahead log up to `wal`."""


class ReplicaSample(Struct, frozen=True, kw_only=True):
    """What a replica said of itself."""

    at: float
    """Monotonic seconds, from before it was asked."""
    cluster: str
    is_standby: bool
    """Whether it follows another server; not so when it was promoted."""
    replayed: int
    """Bytes of the write-ahead log whose effects queries see."""
    silent_for: float | None
    """Seconds since the last transaction that it has replayed, by its own clock: for people."""


class Standing(Struct, frozen=True, kw_only=True):
    """What is known of a replica."""

    trouble: str = "was not looked at yet"
    """Why it cannot be asked, in a few words without its address; empty where nothing is wrong."""
    looked_at: float = -inf
    """When it was last asked in vain or not. Monotonic seconds."""
    fresh_at: float = -inf
    """All that was committed before is there. Monotonic seconds."""
    safe_position: int = 0
    """Every event of the log up to here is there, or will never exist."""
    lag_bytes: int = 0
    """How much of the write-ahead log it has still to replay."""
    silent_for: float | None = None

    def is_fit(self, now: float, *, max_staleness: float, position: int = 0) -> bool:
        """Whether its answers are at most so many seconds old, and from events up to that position at least."""
        return (
            not self.trouble
            and now - self.looked_at <= SILENCE_TIMEOUT
            and now - self.fresh_at <= max_staleness
            and position <= self.safe_position
        )

    def lag_seconds(self, now: float) -> float | None:
        """How old its answers are at most; None where nobody knows."""
        known = now - self.fresh_at
        return known if known < inf else self.silent_for

    def state(self, now: float, *, max_staleness: float) -> str:
        """`ok`, or why it is not asked, in a few words."""
        if self.trouble:
            return self.trouble
        if now - self.looked_at > SILENCE_TIMEOUT:
            return "does not answer"
        if now - self.fresh_at > max_staleness:
            lag = self.lag_seconds(now)
            return f"is behind by {lag:.0f} s, {self.lag_bytes} bytes" if lag is not None else "is behind"
        return "ok"


class Samples:
    """What the primary had, as far back as answers may be."""

    def __init__(self) -> None:
        self._samples: deque[PrimarySample] = deque(maxlen=_KEPT)

    def add(self, sample: PrimarySample) -> None:
        """The newest. After a failover, those of the server before say nothing about the one that is there now."""
        if self._samples and self._samples[-1].history != sample.history:
            self._samples.clear()
        self._samples.append(sample)

    def standing(self, look: ReplicaSample) -> Standing:
        """What a look at a replica means."""
        samples = tuple(self._samples)
        if not look.is_standby:
            return Standing(trouble="is no replica any more: it was promoted", looked_at=look.at)
        if not samples:
            return Standing(trouble="cannot be compared: the primary has not answered yet", looked_at=look.at)
        newest = samples[-1]
        if not newest.history.startswith(f"{look.cluster} "):
            return Standing(trouble="is a replica of another primary", looked_at=look.at)
        replayed = next((sample for sample in reversed(samples) if sample.wal <= look.replayed), None)
        return Standing(
            trouble="",
            looked_at=look.at,
            fresh_at=-inf if replayed is None else replayed.at,
            safe_position=0 if replayed is None else replayed.safe_position,
            lag_bytes=max(0, newest.wal - look.replayed),
            silent_for=look.silent_for,
        )
