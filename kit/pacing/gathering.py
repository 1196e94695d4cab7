"""Gathering: a loop that is busy lets work gather, for a batch costs more than what is in it. Pure.

How long a batch took tells how short of time everything is. One that was quick leaves the loop as it is: what comes is
taken at once. After one that was small and slow, what comes soon waits for others twice as long as that took, within a
bound: the loop finds more and needs fewer batches for it. Large batches have gathered already, and what comes after a
while of silence never waits.
"""

from msgspec import Struct
from msgspec.structs import replace

REST = 2.0
"""A loop rests so much longer than it works: so several of a process get on together."""


class Gathering(Struct, frozen=True, kw_only=True):
    """How long the next batch is waited for. Seconds, and monotonic ones for times."""

    quick: float = 0.006
    """What a batch may take that is quick."""
    longest: float = 0.05
    """The most that anything waits for others."""
    recent: float = 0.2
    """For how long the last batch tells anything of the next."""
    span: float = 0.0
    """How long what comes now waits, unless it comes late."""
    ended: float = 0.0
    """When the last batch had ended."""

    def after_batch(self, *, began: float, ended: float, is_full: bool) -> "Gathering":
        """What follows from a batch; one `is_full` that has taken as much as there is sense in."""
        took = ended - began
        span = 0.0 if is_full or took <= self.quick else min(REST * took, self.longest)
        return replace(self, span=span, ended=ended)

    def pause(self, now: float) -> float:
        """How long to wait now; 0 where nothing keeps the loop from its next batch."""
        return self.span if now < self.ended + self.recent else 0.0
