"""Adaptive polling: how long a loop without work pauses. Pure."""

from msgspec import Struct
from msgspec.structs import replace


class Tempo(Struct, frozen=True, kw_only=True):
    """How long a loop without work pauses: shortly after work, longer and longer without. Seconds."""

    shortest: float = 0.005
    longest: float = 0.2
    pause: float = 0.005
    """The next one."""

    def after_work(self) -> "Tempo":
        """Work tends to be followed by work."""
        return self if self.pause == self.shortest else replace(self, pause=self.shortest)

    def after_nothing(self) -> "Tempo":
        """Once it has paused: twice as long, up to the longest."""
        return replace(self, pause=min(self.longest, self.pause * 2))
