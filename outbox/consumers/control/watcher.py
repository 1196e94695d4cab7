"""Decision watcher: tells a consumer when operators have paused, drained or resumed anything of its group."""

import threading
import time

from outbox.consumers.control.decisions import CHANNEL, Decisions, latest_decisions
from outbox.signals.wakeup import WakeupListener

# Seconds between two reads of the decisions, and between two looks for a wake-up that asks for one at once.
READ_INTERVAL = 2.0
WAKEUP_INTERVAL = 0.2


class DecisionWatcher:
    """Watches one group for one thread, which asks as often as it likes; most times that costs nothing."""

    def __init__(self, consumer: str, *, redis_url: str) -> None:
        """Without a `redis_url` no wake-ups come, and a decision is noticed when it is read the next time."""
        self._consumer = consumer
        self._wakeups = WakeupListener(redis_url, CHANNEL) if redis_url else None
        self._read_at = self._wakeup_at = 0.0
        self.decisions = Decisions()
        """What holds, as far as it was read."""

    def has_changed(self, stop: threading.Event) -> bool:
        """Whether the decisions are others than at the last call.

        Raises what the database raises when it is away: what held before holds on.
        """
        now = time.monotonic()
        # Listens before it reads, so that no wake-up falls between the two.
        was_woken = self._was_woken(now, stop)
        if not was_woken and now < self._read_at:
            return False
        anew = was_woken or not self._read_at
        self._read_at = now + READ_INTERVAL
        before, self.decisions = self.decisions, latest_decisions(self._consumer, anew=anew)
        return self.decisions != before

    def close(self) -> None:
        """Let go of the connection."""
        if self._wakeups:
            self._wakeups.close()

    def _was_woken(self, now: float, stop: threading.Event) -> bool:
        if self._wakeups is None or now < self._wakeup_at:
            return False
        self._wakeup_at = now + WAKEUP_INTERVAL
        return self._wakeups.wait(0, stop)
