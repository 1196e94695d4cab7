"""When does a command try again that was overtaken, and when does it give up? Pure: chance arrives as data."""

from msgspec import Struct


class Backoff(Struct, frozen=True, kw_only=True):
    """Exponential back-off with full jitter: those who met once are unlikely to meet again."""

    limit: int = 20
    """How often something is tried in all."""
    base: float = 0.005
    """Most seconds before the second try; doubles with each further one."""
    cap: float = 0.25
    """Most seconds before any try."""

    def delay(self, failures: int, *, chance: float) -> float:
        """Seconds to wait after so many failures, from 1; `chance` lies in [0, 1)."""
        return chance * min(self.cap, self.base * 2.0 ** min(failures - 1, 30))
