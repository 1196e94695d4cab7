"""Graceful stop: how long a program that was asked to end (SIGTERM) may take, and what ends one that takes longer.

Whoever starts programs must grant them more than that before a SIGKILL. What a program is cut off from takes place as a
whole or not at all, and comes again.
"""

import faulthandler

REQUESTS_GRACE = 10
"""Seconds that requests in flight may take, whose clients may be slow; full seconds, as uvicorn wants it."""
LOOPS_GRACE = 20.0
"""Seconds that the loops of a process together may take to finish the batch in hand."""

WEB_STOP = REQUESTS_GRACE + 2.0
"""Seconds after which a web server has ended."""
LOOPS_STOP = LOOPS_GRACE + 5.0
"""Seconds after which a relay or a worker has ended, whatever its loops, tasks and servers do."""
BEAT_STOP = 10.0
"""Seconds after which beat has ended, which has nothing in hand but tells the broker."""
# Itself, whatever stands for it in Python.
STANDARD_ERROR = 2


def end_within(seconds: float) -> None:
    """End this process with status 1 if it still lives then, whatever its threads wait for, which it tells in the log.

    May be called in a signal handler: no thread of Python's is started, nor one of its locks taken.
    """
    faulthandler.dump_traceback_later(seconds, exit=True, file=STANDARD_ERROR)
