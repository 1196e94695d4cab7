"""Retry policy: exponential back-off with full jitter. Pure: chance arrives as data."""

from msgspec import Struct


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """Exponential back-off with full jitter."""

    limit: int
    """How often something is tried again before it is given up."""
    base: float = 0.5
    """Most seconds before the first retry; doubles with each further one."""
    cap: float = 60.0
    """Most seconds before any retry."""

    def delay(self, attempt: int, *, chance: float) -> float:
        """Seconds to wait before the retry with this number, from 1; `chance` lies in [0, 1)."""
        return chance * min(self.cap, self.base * 2.0 ** min(attempt - 1, 30))
