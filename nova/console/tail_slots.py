"""Tail slots: how many live tails a process serves at a time, in all and of one session."""

from collections import Counter
from collections.abc import Callable
from threading import Lock

IN_ALL = 100
OF_ONE = 6
"""As many as a browser opens to one host anyway."""


class TailSlots:
    """The slots of one process."""

    def __init__(self, in_all: int = IN_ALL, of_one: int = OF_ONE) -> None:
        self._in_all, self._of_one = in_all, of_one
        self._taken: Counter[str] = Counter()
        self._lock = Lock()

    @property
    def taken(self) -> int:
        """How many are."""
        return self._taken.total()

    def take(self, session: str) -> Callable[[], None] | None:
        """What gives the slot back, which may be called more than once; None where there is no slot."""
        with self._lock:
            if self._taken.total() >= self._in_all or self._taken[session] >= self._of_one:
                return None
            self._taken[session] += 1
        held = [session]

        def release() -> None:
            with self._lock:
                if held:
                    self._taken[held.pop()] -= 1
                    self._taken += Counter()  # forget who has none

        return release
