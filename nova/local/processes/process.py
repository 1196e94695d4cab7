"""Process of the platform: what it runs, and how it is started so that it cannot outlive the platform."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nova
from nova.local import launch
from nova.local.exceptions import StartFailedError
from nova.local.files import tail


def _always_ready() -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who a process runs as."""

    uid: int
    gid: int

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """A process as data: what runs, as whom, how it says that it is ready, and how it is asked to stop."""

    name: str
    #: The program's absolute path and its arguments.
    argv: tuple[str, ...]
    #: Added to the environment of this process.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Standard output and error are appended to it.
    log: Path
    #: Called until it answers None; it may block for about a second.
    probe: Callable[[], str | None] = _always_ready
    #: None keeps the user of this process.
    user: User | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    #: What the kernel sends when the supervisor dies without stopping anything (`kill -9`).
    orphan_signal: signal.Signals = signal.SIGKILL
    #: Seconds between the request to stop and SIGKILL.
    grace: float = 15


def launch_process(spec: ProcessSpec, *, capture: bool = False) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own, bound to the life of the calling thread.

    A session of its own, because Ctrl-C in a terminal reaches the whole foreground group, and stopping in order is the
    supervisor's work. The calling thread must live for as long as the process may. `capture` keeps the standard output
    out of the log, for the caller to read.
    """
    launcher = (sys.executable, "-IS", launch.__file__, str(os.getpid()), str(int(spec.orphan_signal)))
    with spec.log.open("ab") as log:
        return subprocess.Popen(
            [*launcher, str(spec.user or "-:-"), *spec.argv],
            env={**os.environ, "PYTHONPATH": _import_path(), **spec.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture else log,
            stderr=log,
            start_new_session=True,
        )


def run_to_end(spec: ProcessSpec, *, capture: bool = False) -> str:
    """Run a process that does one thing and ends; its standard output, if captured.

    Raises:
        StartFailedError: it ended with another status than 0.
    """
    with launch_process(spec, capture=capture) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise StartFailedError(spec.name, describe_exit(process.returncode), log=spec.log, tail=tail(spec.log))
    return output.decode() if output else ""


def describe_exit(status: int) -> str:
    """How a process ended, in words."""
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def _import_path() -> str:
    """Where Python programs find Nova, also when the current directory is not its checkout."""
    ours = Path(nova.__file__).parents[1]
    return os.pathsep.join(filter(None, (str(ours), os.environ.get("PYTHONPATH"))))
