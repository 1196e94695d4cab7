"""Supervisor: processes stay alive while they should, and never longer."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from nova.local.exceptions import StartFailedError
from nova.local.processes import supervised
from nova.local.processes.supervisor import Supervisor

TIMEOUT = 20.0

REFUSES_TO_STOP = """
import pathlib, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
(pathlib.Path(sys.argv[1]) / sys.argv[2]).touch()
while True:
    signal.pause()
"""

HAS_A_CHILD = """
import pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-IS", "-c", "import signal; signal.pause()"])
path = pathlib.Path(sys.argv[1]) / sys.argv[2]
path.with_suffix(".new").write_text(str(child.pid))
path.with_suffix(".new").rename(path)
child.wait()
"""

SUPERVISES = """
import pathlib, signal, sys
from nova.local.processes.process import ProcessSpec
from nova.local.processes.supervisor import Supervisor
log = pathlib.Path(sys.argv[1])
supervisor = Supervisor(on_start=lambda name, pid: print(pid, flush=True))
supervisor.start(ProcessSpec(name="child", argv=(sys.executable, "-c", "import signal; signal.pause()"), log=log))
signal.pause()
"""


class Starts:
    """Hears of each start, and lets a test wait for it."""

    def __init__(self) -> None:
        self._heard = threading.Condition()
        self.pids: list[int] = []

    def __call__(self, _name: str, pid: int) -> None:
        with self._heard:
            self.pids.append(pid)
            self._heard.notify_all()

    def await_count(self, count: int) -> None:
        with self._heard:
            assert self._heard.wait_for(lambda: len(self.pids) >= count, timeout=TIMEOUT)


def assert_gone(pid: int) -> None:
    try:
        psutil.Process(pid).wait(timeout=TIMEOUT)
    except psutil.NoSuchProcess:
        return
    assert not psutil.pid_exists(pid)


def test_a_killed_process_is_restarted_and_its_new_pid_is_told(process):
    starts = Starts()
    with Supervisor(on_start=starts) as supervisor:
        supervisor.start(process("web"))
        supervisor.await_ready(timeout=TIMEOUT)
        before = supervisor.processes["web"]

        supervisor.kill("web")
        starts.await_count(2)

        after = supervisor.processes["web"]
        assert after != before
        assert starts.pids == [before, after]
        assert psutil.pid_exists(after)


def test_stages_stop_in_reverse_order(process, tmp_path):
    with Supervisor() as supervisor:
        for name in ("database", "web", "worker"):
            supervisor.start(process(name))
            supervisor.await_ready(timeout=TIMEOUT)

    assert (tmp_path / "stopped").read_text().split() == ["worker", "web", "database"]


def test_the_processes_of_a_stage_stop_side_by_side(process):
    with Supervisor() as supervisor:
        supervisor.start(*(process(name, REFUSES_TO_STOP, grace=0.5) for name in ("a", "b", "c")))
        supervisor.await_ready(timeout=TIMEOUT)
        began = time.monotonic()

    assert time.monotonic() - began < 1.4


def test_what_does_not_stop_in_its_grace_time_is_killed(process):
    with Supervisor() as supervisor:
        supervisor.start(process("stubborn", REFUSES_TO_STOP, grace=0.1))
        supervisor.await_ready(timeout=TIMEOUT)
        pid = supervisor.processes["stubborn"]

    assert not psutil.pid_exists(pid)


def test_what_a_process_started_itself_does_not_outlive_it(process, tmp_path):
    with Supervisor() as supervisor:
        supervisor.start(process("parent", HAS_A_CHILD))
        supervisor.await_ready(timeout=TIMEOUT)
        grandchild = int((tmp_path / "parent").read_text())

    assert_gone(grandchild)


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISES, str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[5])},
    ) as supervisor:
        assert supervisor.stdout
        child = int(supervisor.stdout.readline())
        assert psutil.pid_exists(child)

        supervisor.send_signal(signal.SIGKILL)

    assert_gone(child)


def test_a_process_that_dies_again_and_again_fails_the_start_with_the_end_of_its_log(process, monkeypatch):
    monkeypatch.setattr(supervised, "BACK_OFF", (0.0,))
    starts = Starts()
    with Supervisor(on_start=starts) as supervisor:
        supervisor.start(process("broken", "import sys; sys.exit('no such table')"))

        with pytest.raises(StartFailedError) as failure:
            supervisor.await_ready(timeout=TIMEOUT)

    assert len(starts.pids) == supervised.HOPELESS_AFTER
    assert "broken ended with status 1, 5 times in a row" in str(failure.value)
    assert failure.value.tail.splitlines()[-1] == "no such table"


def test_a_process_that_was_ready_once_is_never_given_up(process, tmp_path, monkeypatch):
    monkeypatch.setattr(supervised, "BACK_OFF", (0.0,))
    starts = Starts()
    dies_once_seen = (
        "import pathlib, sys, time; here = pathlib.Path(sys.argv[1]); (here / sys.argv[2]).touch()\n"
        "while not (here / 'seen').exists(): time.sleep(0.01)"
    )
    with Supervisor(on_start=starts) as supervisor:
        supervisor.start(process("fickle", dies_once_seen))
        supervisor.await_ready(timeout=TIMEOUT)
        (tmp_path / "seen").touch()

        starts.await_count(supervised.HOPELESS_AFTER + 3)


def test_a_process_that_is_not_ready_in_time_fails_the_start(process):
    with Supervisor() as supervisor:
        supervisor.start(process("slow", "import signal; signal.pause()"))

        with pytest.raises(StartFailedError, match=r"slow was not ready after 0 s \(starting\)"):
            supervisor.await_ready(timeout=0.3)


def test_a_program_that_does_not_exist_fails_the_start(process, monkeypatch):
    monkeypatch.setattr(supervised, "BACK_OFF", (0.0,))
    with Supervisor() as supervisor:
        spec = process("missing")
        supervisor.start(type(spec)(name="missing", argv=("/nonexistent",), log=spec.log, probe=spec.probe))

        with pytest.raises(StartFailedError, match="/nonexistent: No such file or directory"):
            supervisor.await_ready(timeout=TIMEOUT)


def test_a_stop_does_not_wait_for_the_next_restart(process, monkeypatch):
    monkeypatch.setattr(supervised, "BACK_OFF", (3600.0,))
    began = time.monotonic()
    with Supervisor() as supervisor:
        supervisor.start(process("web"))
        supervisor.await_ready(timeout=TIMEOUT)
        supervisor.kill("web")

    assert time.monotonic() - began < TIMEOUT
