"""Process identity: tells whether the process with a number is still the one that it was.

Numbers of processes are used again, after a restart of a container even at once.
"""

import os
from pathlib import Path


def start_mark(pid: int) -> str | None:
    """What tells this process from a later one with the same number; None when it does not live.

    On Linux it is the start time in clock ticks after boot (proc(5), field 22 of `stat`) with the boot's identity;
    elsewhere it is empty and the number alone has to do.
    """
    stat = Path(f"/proc/{pid}/stat")
    try:
        # The second field, the command's name in parentheses, may hold blanks and parentheses itself.
        fields = stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "" if not Path("/proc/self/stat").exists() and _answers(pid) else None
    state, started = fields[0], fields[19]
    if state in "ZX":
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}:{started}"


def is_alive(pid: int) -> bool:
    """Whether a process with this number runs; a zombie does not."""
    return start_mark(pid) is not None


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
