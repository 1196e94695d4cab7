"""Supervisor: starts the processes of a platform, keeps them alive, and stops them together."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from nova.local.exceptions import StartFailedError
from nova.local.processes.process import ProcessSpec
from nova.local.processes.supervised import Supervised

# Seconds between two looks at processes that are not ready yet; a process that fails ends the wait at once.
PROBE_INTERVAL = 0.1


def _unheard(*_: object) -> None:
    pass


class Supervisor:
    """Starts processes stage by stage, restarts what dies, and stops the stages in reverse order.

    The processes of one stage start and stop side by side. Used as a context manager, it leaves no process behind.
    """

    def __init__(self, *, on_start: Callable[[str, int], None] = _unheard) -> None:
        """`on_start` hears the name and the new pid at each start and restart, from another thread."""
        self._on_start = on_start
        self._stages: list[list[Supervised]] = []
        self._failed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def processes(self) -> dict[str, int]:
        """Name to pid, in the order of start."""
        return {one.spec.name: one.pid for stage in self._stages for one in stage if one.pid is not None}

    def start(self, *specs: ProcessSpec) -> None:
        """Start a stage, without waiting for it."""
        stage = [Supervised(spec, on_start=self._on_start, on_failure=self._failed) for spec in specs]
        self._stages.append(stage)
        for supervised in stage:
            supervised.start()

    def await_ready(
        self, *, timeout: float, report: Callable[[str, str | None], None] = _unheard, again: bool = False
    ) -> None:
        """Wait until every process has been ready once, or is ready `again`.

        `report` hears the name of each process and what it waits for, or None when it is ready.

        Raises:
            StartFailedError: a process died again and again, or was not ready within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        waiting = [supervised for stage in self._stages for supervised in stage if again or not supervised.ready]
        while waiting:
            for supervised in list(waiting):
                reason = supervised.check_ready()
                report(supervised.spec.name, reason)
                if reason is None:
                    waiting.remove(supervised)
                elif supervised.failure:
                    raise self._start_failed(supervised, supervised.failure)
                elif time.monotonic() > deadline:
                    raise self._start_failed(supervised, f"was not ready after {timeout:.0f} s ({reason})")
            if waiting and self._failed.wait(PROBE_INTERVAL):
                self._failed.clear()

    def kill(self, name: str) -> None:
        """End a process as a crash would, and wait for its end; it is restarted like any other that dies."""
        for stage in self._stages:
            for supervised in stage:
                if supervised.spec.name == name:
                    supervised.kill()

    def stop(self) -> None:
        """Stop everything, the last stage first; by force what does not stop within its grace time."""
        while self._stages:
            stage = self._stages.pop()
            for supervised in stage:
                supervised.request_stop()
            asked = time.monotonic()
            for supervised in stage:
                supervised.await_stop(asked + supervised.spec.grace)

    @staticmethod
    def _start_failed(supervised: Supervised, reason: str) -> StartFailedError:
        return StartFailedError(supervised.spec.name, reason, log=supervised.spec.log, tail=supervised.log_tail())
