"""Directory lock: a data directory belongs to one `up` at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nova.local.exceptions import AlreadyRunningError


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Hold the directory. The kernel releases it however this process ends.

    Raises:
        AlreadyRunningError: naming the process that holds it.
    """
    with (directory / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            raise AlreadyRunningError(directory, int(holder) if holder else None) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
