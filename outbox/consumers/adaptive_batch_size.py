"""Adaptive batch size: fewer messages at a time for a while after a stall. Pure."""

from msgspec import Struct
from msgspec.structs import replace


class AdaptiveBatchSize(Struct, frozen=True, kw_only=True):
    """How many messages are taken at a time: the usual number, but fewer for a while after a stall."""

    usual: int
    reduced: int = 0
    """The number while it is reduced."""
    reduced_until: float = 0.0
    """Monotonic seconds."""

    def size(self, now: float) -> int:
        """The number that is due."""
        return self.reduced if now < self.reduced_until else self.usual

    def after_stall(self, now: float, *, period: float) -> "AdaptiveBatchSize":
        """A quarter of what was too much, for so many seconds: what is only slow comes to its end like this."""
        return replace(self, reduced=max(1, self.size(now) // 4), reduced_until=now + period)
