"""Projection runner: the loop in a worker that passes over all projections, and waits for a wake-up or a while.

One thread serves all projections, one batch after the other: it needs one database connection however many there are,
and none waits longer than a batch of each other. Several workers share the work: each takes what no other is at.
"""

import random
import threading
from collections.abc import Sequence

from django.db import connection

from kit.outage_log import outage_log
from outbox.api import Pulse, RetryPolicy, Tempo, WakeupListener, is_outage, runner_name
from projections.conf import ProjectionsConf, projections_conf
from projections.definition.projection import Projection
from projections.definition.registry import registered_projections
from projections.engine.engine import Outcome, run_pass

NAME = "projections"
DATABASE_RETRY = RetryPolicy(limit=0, base=0.1, cap=2.0)


class ProjectionRunner:
    """Keeps projections up to date."""

    def __init__(self, projections: Sequence[Projection], conf: ProjectionsConf) -> None:
        self._projections = projections
        self._conf = conf
        self._tempo = Tempo(longest=conf.max_poll_interval)

    def run(self, stop: threading.Event) -> None:
        """Project until asked to stop; a lost database is waited for."""
        listener = WakeupListener(self._conf.redis_url)
        pulse = Pulse(runner_name(NAME))
        losses = 0
        try:
            while not stop.is_set():
                try:
                    busy = self._round(pulse)
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
                if not busy:
                    self._wait(listener, stop)
        finally:
            listener.close()
            connection.close()

    def _round(self, pulse: Pulse) -> bool:
        """One batch of each; whether anything moved."""
        results = [run_pass(projection, limit=self._conf.batch_size) for projection in self._projections]
        pulse.beat(connection, projections=len(results))
        if any(result.outcome == Outcome.ADVANCED for result in results):
            self._tempo = self._tempo.after_work()
        return any(result.more for result in results)

    def _wait(self, listener: WakeupListener, stop: threading.Event) -> None:
        woken = listener.wait(self._tempo.pause, stop)
        self._tempo = self._tempo.after_work() if woken else self._tempo.after_nothing()


def projection_runner() -> ProjectionRunner:
    """A runner of all registered projections, as the settings want it."""
    return ProjectionRunner(registered_projections(), projections_conf())
