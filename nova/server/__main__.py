"""Web server: uvicorn as Nova runs it. `python -m nova.server --port 8000`; it takes all of uvicorn's options.

Asked to end by SIGTERM, it takes no new connection from then on, has `kit.stop.REQUESTS_GRACE` seconds for requests in
flight, and is gone then, whatever clients and threads still wait for.
"""

import os
import signal
import sys

from uvicorn.main import main

from kit.stop import REQUESTS_GRACE

OPTIONS = (
    "nova.asgi:application",
    *("--http", "nova.server.protocol:PatientProtocol"),
    *("--loop", "uvloop"),
    *("--limit-concurrency", "2000"),
    *("--lifespan", "off"),
    *("--timeout-graceful-shutdown", str(REQUESTS_GRACE)),
    "--no-access-log",
)


def end_now(number: int, _: object) -> None:
    """End the process as the signal does by itself, and also where it would do nothing: to the first of a container.

    uvicorn raises the signal again when it has shut down. Without an end, Python would wait for all threads then, each
    of which may wait for a database.
    """
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    os._exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end_now)
    main([*OPTIONS, *sys.argv[1:]], prog_name="nova.server")
