"""Connection budget: the consumers of a process share so many database connections, one for each of their threads.

Two of them each consumer has in any case, its poll thread's and its first working thread's, so that nobody ever waits
for a connection that another consumer holds. Further threads begin only within the bound; where it is reached, queues
wait for the threads that there are, and a thread without work makes room soon.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

OF_EACH = 2


class ConnectionBudget:
    """What the consumers of a process have together."""

    def __init__(self, bound: int) -> None:
        """`bound` is the most connections."""
        self._bound = bound
        self._lock = threading.Lock()
        self._consumers = 0
        self._further = 0

    @contextmanager
    def consumer(self) -> Iterator[None]:
        """There is one more consumer, for as long as the block lasts."""
        with self._lock:
            self._consumers += 1
        try:
            yield
        finally:
            with self._lock:
                self._consumers -= 1

    def take(self) -> bool:
        """Take a connection for a further thread, if there is one left. Never waits."""
        with self._lock:
            if self._left <= 0:
                return False
            self._further += 1
            return True

    def give_back(self) -> None:
        """A further thread has ended."""
        with self._lock:
            self._further -= 1

    @property
    def is_spent(self) -> bool:
        """Whether none is left, so that a thread that can be spared should end."""
        return self._left <= 0

    @property
    def is_exceeded(self) -> bool:
        """Whether there are more than the bound allows, since another consumer has begun."""
        return self._left < 0

    @property
    def _left(self) -> int:
        return self._bound - OF_EACH * self._consumers - self._further


@cache
def shared_budget(bound: int) -> ConnectionBudget:
    """The budget of this process's consumers."""
    return ConnectionBudget(bound)
