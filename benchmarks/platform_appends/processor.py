"""Processor time by process: what each process of a platform has used with all that it has started."""

from collections.abc import Mapping

import psutil

Seconds = Mapping[str, float]
"""By the name of the process."""


def processor_time(processes: Mapping[str, int]) -> Seconds:
    """Seconds since their start, user and system time; children that have ended are in it."""
    return {name: _of_tree(psutil.Process(pid)) for name, pid in processes.items()}


def used(before: Seconds, after: Seconds) -> dict[str, float]:
    """What was used between two looks."""
    return {name: after[name] - before[name] for name in after}


def _of_tree(root: psutil.Process) -> float:
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            # Its parent counts it from now on.
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
