"""Worker process of feeds: it does what a Celery worker does for them, again and again."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.setting import set_up

PAUSE = 0.2


@contextmanager
def feed_worker() -> Iterator[None]:
    """Within it, the process works."""
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    process = context.Process(target=_main, args=(other,), daemon=True)
    process.start()
    # Else a child that dies is waited for, for ever.
    other.close()
    try:
        assert pipe.recv() == "ready"
        yield
    finally:
        process.kill()
        process.join()


def _main(pipe: Any) -> None:
    set_up(os.environ["DATABASE_URL"])
    # Only now: what has models cannot be imported before.
    from nova.services.feed.tasks import show_feed_changes

    pipe.send("ready")
    while True:
        show_feed_changes()
        time.sleep(PAUSE)
