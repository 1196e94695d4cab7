"""Signals: one ends a command once, and in order."""

import os
import signal

import pytest

from nova.local.processes.interruption import Interrupted, interruptible


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_interrupts(number):
    with pytest.raises(Interrupted), interruptible():
        os.kill(os.getpid(), number)


def test_a_second_signal_does_not_interrupt_the_end():
    stopped = False
    with pytest.raises(Interrupted), interruptible():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            stopped = True

    assert stopped


def test_an_end_that_has_begun_by_itself_is_not_interrupted_either():
    with interruptible() as interruption:
        interruption.ignore_further()
        os.kill(os.getpid(), signal.SIGTERM)


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with interruptible():
        assert signal.getsignal(signal.SIGTERM) != before

    assert signal.getsignal(signal.SIGTERM) == before
