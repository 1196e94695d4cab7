"""Hosted loop: in a worker it survives its own faults, and ends when asked."""

import threading

from outbox.hosting.hosted_loop import Host


class Clumsy:
    """Breaks down the first time."""

    starts = 0
    running = threading.Event()

    def run(self, stop: threading.Event) -> None:
        type(self).starts += 1
        if type(self).starts == 1:
            raise ZeroDivisionError
        self.running.set()
        stop.wait()


def test_a_loop_that_breaks_down_is_started_again_and_ends_when_asked() -> None:
    host = Host("clumsy", Clumsy)
    host.start()

    assert Clumsy.running.wait(5)
    host.request_stop()
    host.join(5)

    assert Clumsy.starts == 2
    assert "clumsy" not in {thread.name for thread in threading.enumerate()}
