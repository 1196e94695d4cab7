"""Projection runner: the loop in a worker that passes over all projections, and waits for a wake-up or a while.

Each projection is looked at when something was appended, and by itself after its own while. What can be read of the log
is asked once for all that are due, and those that have come so far already are left alone, but for a look now and then.
While passes are small and slow, the loop lets more events gather for the next.
One thread serves all projections, one batch after the other: it needs one database connection however many there are,
and none waits longer than a batch of each other. Several workers share the work: each takes what no other is at.
"""

import math
import random
import threading
import time
from collections.abc import Sequence

from django.db import connection

from events.api import safe_position
from kit.outage_log import outage_log
from kit.pacing.gathering import Gathering
from outbox.api import Pulse, RetryPolicy, Tempo, WakeupListener, is_outage, runner_name
from projections.conf import ProjectionsConf, projections_conf
from projections.definition.projection import Projection
from projections.definition.registry import policy_of, registered_projections
from projections.engine.engine import Outcome, Pass, run_pass

NAME = "projections"
DATABASE_RETRY = RetryPolicy(limit=0, base=0.1, cap=2.0)


class Turn:
    """When a projection is looked at next."""

    def __init__(self, projection: Projection, longest: float) -> None:
        self.projection = projection
        self.due_at = -math.inf
        self._interval = policy_of(projection).sync_interval
        self._tempo = Tempo(longest=longest)
        self._position: int | None = None

    def is_current(self, safe_position: int | None) -> bool:
        """Whether nothing can be there that it has not applied; now and then that is not believed, but looked at.

        Others may set a checkpoint back.
        """
        is_known = self._position is not None and safe_position is not None and self._position >= safe_position
        return is_known and self._tempo.pause < self._tempo.longest

    def wake(self) -> None:
        """Look at once: something was appended."""
        self.due_at = -math.inf
        self._tempo = self._tempo.after_work()

    def count(self, result: Pass, now: float, *, is_listening: bool) -> None:
        """Look again at once where more can be read, soon after work, and later and later without any."""
        self._position = result.position
        if result.outcome == Outcome.ADVANCED:
            self._tempo = self._tempo.after_work()
        pause = self._tempo.pause if is_listening else min(self._tempo.pause, self._interval)
        self.due_at = now if result.more else now + pause
        if result.outcome != Outcome.ADVANCED:
            self._tempo = self._tempo.after_nothing()


class ProjectionRunner:
    """Keeps projections up to date."""

    def __init__(self, projections: Sequence[Projection], conf: ProjectionsConf) -> None:
        self._turns = [Turn(projection, conf.max_poll_interval) for projection in projections]
        self._conf = conf
        # A round takes a while by itself: all projections, one after the other.
        self._gathering = Gathering(longest=0.025)

    def run(self, stop: threading.Event) -> None:
        """Project until asked to stop; a lost database is waited for."""
        listener = WakeupListener(self._conf.redis_url)
        pulse = Pulse(runner_name(NAME))
        losses = 0
        try:
            while not stop.is_set():
                try:
                    self._round(pulse, is_listening=listener.is_listening)
                    losses = 0
                    outage_log("database").found()
                except Exception as error:
                    if not is_outage(error):
                        raise
                    losses += 1
                    outage_log("database").lost(error, loop="projections")
                    connection.close()
                    stop.wait(DATABASE_RETRY.delay(losses, chance=0.5 + random.random() / 2))  # noqa: S311
                    continue
                self._wait(listener, stop)
        finally:
            listener.close()
            connection.close()

    def _round(self, pulse: Pulse, *, is_listening: bool) -> None:
        """One batch of each that is due."""
        began = time.monotonic()
        results: list[Pass] = []
        if due := [turn for turn in self._turns if turn.due_at <= began]:
            safe = _safe_position()
            for turn in due:
                if turn.is_current(safe):
                    result = Pass(outcome=Outcome.CURRENT, position=safe)
                else:
                    result = run_pass(turn.projection, limit=self._conf.batch_size, safe_position=safe)
                turn.count(result, time.monotonic(), is_listening=is_listening)
                results.append(result)
        if any(result.applied for result in results):
            is_full = any(result.more for result in results)
            self._gathering = self._gathering.after_batch(began=began, ended=time.monotonic(), is_full=is_full)
        pulse.beat(connection, projections=len(self._turns))

    def _wait(self, listener: WakeupListener, stop: threading.Event) -> None:
        if gathering := self._gathering.pause(time.monotonic()):
            stop.wait(gathering)
        pause = min((turn.due_at for turn in self._turns), default=math.inf) - time.monotonic()
        if pause > 0 and listener.wait(min(pause, self._conf.max_poll_interval), stop):
            for turn in self._turns:
                turn.wake()


def _safe_position() -> int | None:
    """Up to where the log can be read; None where each projection is to find out, and remember, why it can't be."""
    try:
        return safe_position()
    except Exception as error:
        if is_outage(error):
            raise
        return None


def projection_runner() -> ProjectionRunner:
    """A runner of all registered projections, as the settings want it."""
    return ProjectionRunner(registered_projections(), projections_conf())
