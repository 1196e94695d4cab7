"""Small real processes for the supervisor to look after."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nova.local.processes.process import ProcessSpec

# Says that it is ready by a file of its own name, then waits; on SIGTERM it leaves its name in `stopped`.
WELL_BEHAVED = """
import pathlib, signal, sys
here, name = pathlib.Path(sys.argv[1]), sys.argv[2]
def stop(*_):
    with (here / "stopped").open("a") as file:
        file.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
(here / name).touch()
while True:
    signal.pause()
"""


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., ProcessSpec]:
    """Make a process from Python code; it is ready once it has made a file of its own name."""

    def make(name: str, code: str = WELL_BEHAVED, *, grace: float = 15) -> ProcessSpec:
        ready = tmp_path / name
        return ProcessSpec(
            name=name,
            argv=(sys.executable, "-IS", "-c", code, str(tmp_path), name),
            log=tmp_path / f"{name}.log",
            probe=lambda: None if ready.exists() else "starting",
            grace=grace,
        )

    return make
