"""Stop: a process ends in time, whatever its threads wait for."""

import subprocess
import sys
import time

from kit import stop

# A thread that Python would wait for at its end, and an end that is asked for in a signal handler.
HANGS = """
import signal, threading
from kit.stop import end_within
signal.signal(signal.SIGTERM, lambda *_: end_within(0.5))
threading.Thread(target=threading.Event().wait).start()
print("hangs", flush=True)
signal.pause()
"""


def test_a_process_that_hangs_is_ended_and_tells_where_it_hung() -> None:
    command = [sys.executable, "-c", HANGS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "hangs\n"
        began = time.monotonic()
        process.terminate()
        try:
            _, said = process.communicate(timeout=10)
        finally:
            process.kill()

    assert process.returncode == 1
    assert 0.5 <= time.monotonic() - began < 5
    assert "in wait" in said


def test_what_is_granted_holds_what_is_in_hand() -> None:
    assert stop.REQUESTS_GRACE < stop.WEB_STOP
    assert stop.LOOPS_GRACE < stop.LOOPS_STOP
