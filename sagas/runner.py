"""Saga runner: the loop in a worker that fires timers when they are due, and goes on with operations on many instances.

Rows are the truth: however many workers look, each timer fires once and each instance is acted upon once, and beat
looks too while no worker hosts the loop.
"""

import random
import threading

from django.db import connection

from kit.outage_log import outage_log
from outbox.api import Pulse, RetryPolicy, Tempo, is_outage, runner_name
from sagas.conf import SagasConf, sagas_conf
from sagas.engine.timers import fire_due
from sagas.operating.executor import work_off_operations

NAME = "sagas"
DATABASE_RETRY = RetryPolicy(limit=0, base=0.1, cap=2.0)
# Seconds that operations may take between two looks at the timers, which come first.
OPERATIONS_TIME = 0.2


class SagaRunner:
    """Fires timers, and works off operations."""

    def __init__(self, conf: SagasConf) -> None:
        self._conf = conf
        self._tempo = Tempo(longest=conf.max_poll_interval)

    def run(self, stop: threading.Event) -> None:
        """Do both until asked to stop; a lost database is waited for."""
        pulse = Pulse(runner_name(NAME))
        losses = 0
        while not stop.is_set():
            try:
                looked_at = fire_due(limit=self._conf.timer_batch)
                next_turn = work_off_operations(seconds=OPERATIONS_TIME, stop=stop)
                pulse.beat(connection, instances=looked_at)
                losses = 0
                outage_log("database").found()
            except Exception as error:
                if not is_outage(error):
                    raise
                losses += 1
                outage_log("database").lost(error, loop=NAME)
                connection.close()
                stop.wait(DATABASE_RETRY.delay(losses, chance=0.5 + random.random() / 2))  # noqa: S311
                continue
            self._tempo = self._tempo.after_work() if looked_at else self._tempo.after_nothing()
            if not looked_at:
                stop.wait(self._tempo.pause if next_turn is None else min(self._tempo.pause, next_turn))
        connection.close()


def saga_runner() -> SagaRunner:
    """A runner as the settings want it."""
    return SagaRunner(sagas_conf())
