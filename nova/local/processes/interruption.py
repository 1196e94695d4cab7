"""Interruption: Ctrl-C or SIGTERM ends a command once, and in order; what begins to stop is not interrupted again."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """The command was asked to end. Like its base it passes by every `except Exception`."""


class Interruption:
    """What is to be done when a signal comes: raise the first time, do nothing later."""

    def __init__(self) -> None:
        self._over = False

    def ignore_further(self) -> None:
        """From now on a signal changes nothing: the end has begun."""
        self._over = True

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """The handler."""
        if not self._over:
            self._over = True
            raise Interrupted


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Within the block, the first SIGINT, SIGTERM or SIGHUP raises `Interrupted` in the main thread."""
    interruption = Interruption()
    before = {number: signal.signal(number, interruption.on_signal) for number in SIGNALS if _is_heard(number)}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_for_signal() -> None:
    """Wait until a signal interrupts the main thread; costs no processor time."""
    threading.Event().wait()


def _is_heard(number: signal.Signals) -> bool:
    # `nohup` ignores the hang-up on purpose; a shell ignores Ctrl-C for what it puts into the background.
    return number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
