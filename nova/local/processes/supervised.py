"""Supervised process: a thread starts it, waits for its end, and starts it again."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from nova.local.files import tail
from nova.local.processes.process import ProcessSpec, describe_exit, launch_process

# Seconds before the first, second … restart in a row; the last one repeats.
BACK_OFF = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0)
# A process that has lived this many seconds has recovered: its next restart is the first in a row again.
RECOVERED_AFTER = 20.0
# A process that dies this often in a row before it was ready once will not become so by itself.
HOPELESS_AFTER = 5


class Supervised:
    """A process that is restarted when it dies, until it is stopped.

    The thread that starts the process does nothing else and ends after it: the kernel ties the process to the life of
    that thread (see `launch`), and waiting costs no processor time.
    """

    def __init__(self, spec: ProcessSpec, *, on_start: Callable[[str, int], None], on_failure: threading.Event) -> None:
        """Prepare it; `on_start` hears each new pid, `on_failure` is set when the process is given up."""
        self.spec = spec
        self.ready = False
        self.failure: str | None = None
        self._on_start = on_start
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_alive, name=f"supervise {spec.name}", daemon=True)

    def start(self) -> None:
        """Start the process; it may not run yet when this returns."""
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The number of the process that runs now, or ran last; None before the first start."""
        process = self._process
        return process.pid if process else None

    def check_ready(self) -> str | None:
        """Ask the probe, if the process runs; what it still waits for, None when it is ready."""
        running = self._process is not None and self._process.returncode is None
        reason = self.spec.probe() if running else "starting"
        self.ready = self.ready or reason is None
        return reason

    def kill(self) -> None:
        """End the process as a crash would, and wait for its end."""
        if process := self._process:
            process.kill()
            process.wait()

    def request_stop(self) -> None:
        """Ask the process to stop and restart it no more."""
        with self._lock:
            self._stopping.set()
            if self._process:
                self._process.send_signal(self.spec.stop_signal)

    def await_stop(self, deadline: float) -> None:
        """Wait for the end until the deadline (monotonic seconds), then end it by force."""
        if self._thread.ident is None:  # interrupted before it was started
            return
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._thread.is_alive() and self._process:
            _end_group(self._process)
        self._thread.join()

    def _keep_alive(self) -> None:
        deaths = 0
        while True:
            started = time.monotonic()
            process = self._launch()
            if process is None:
                return
            status = process.wait()
            # What it may have started itself is in its group, and must not stay.
            _end_group(process)
            if time.monotonic() - started > RECOVERED_AFTER:
                deaths = 0
            deaths += 1
            if deaths >= HOPELESS_AFTER and not self.ready:
                self.failure = f"{describe_exit(status)}, {deaths} times in a row"
                self._on_failure.set()
                return
            self._stopping.wait(BACK_OFF[min(deaths, len(BACK_OFF)) - 1])

    def _launch(self) -> subprocess.Popen[bytes] | None:
        # Under the lock: a stop comes either before the start, and prevents it, or after it, and ends it.
        with self._lock:
            if self._stopping.is_set():
                return None
            self._process = launch_process(self.spec)
        self._on_start(self.spec.name, self._process.pid)
        return self._process

    def log_tail(self) -> str:
        """The last lines of the log."""
        return tail(self.spec.log)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
