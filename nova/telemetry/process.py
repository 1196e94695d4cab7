"""Process name: what a process is called in its log, and which of Nova's programs it is."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

# Programs of Celery's and of Nova's command line that serve until they are stopped.
_SERVING = {"celery": ("worker", "beat"), "nova": ("relay",)}


def process_name(arguments: Sequence[str] | None = None) -> str:
    """`NOVA_PROCESS` where a supervisor gives names; else what was started, such as `relay`, `server` or `beat`.

    A worker is called as its `--hostname` says before the @; without one, `consumers` or `worker` by what it hosts.
    """
    if name := os.environ.get("NOVA_PROCESS"):
        return name
    arguments = sys.argv if arguments is None else arguments
    if program_of(arguments) == "worker":
        node = _option(arguments, "--hostname", "-n").partition("@")[0]
        return node or ("consumers" if _option(arguments, "--consumers") else "worker")
    name = _started(arguments)
    return arguments[1] if name == "nova" and len(arguments) > 1 else program_of(arguments) or name or "python"


def program_of(arguments: Sequence[str] | None = None) -> str:
    """Which program serves here: `server`, `relay`, `worker` or `beat`; empty for what does one thing and ends."""
    arguments = sys.argv if arguments is None else arguments
    name = _started(arguments)
    if name in {"server", "uvicorn"}:
        return "server"
    given = arguments[1:2] if name == "nova" else arguments[1:]
    return next((program for program in _SERVING.get(name, ()) if program in given), "")


def _started(arguments: Sequence[str]) -> str:
    program = Path(arguments[0])
    name = program.parent.name if program.stem == "__main__" else program.stem
    return "nova" if name == "manage" else name


def _option(arguments: Sequence[str], *names: str) -> str:
    """The value of a command line's option, given as `--name value` or `--name=value`; empty for none."""
    for number, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names:
            return value if equals else next(iter(arguments[number + 1 :]), "")
    return ""
