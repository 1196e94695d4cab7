"""Endless streams: answers that have no end of their own, and end when the server is asked to stop.

It would wait for them as for other requests in flight, until its grace is over.
"""

from threading import Event

_stopping = Event()


def end_streams() -> None:
    """Have all streams of this process end soon."""
    _stopping.set()


def are_to_end() -> bool:
    """Whether streams are to end."""
    return _stopping.is_set()
