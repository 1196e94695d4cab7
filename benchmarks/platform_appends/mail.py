"""Mail server that takes every mail and forgets it."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from nova.local.processes.ports import LOOPBACK, free_port


@contextmanager
def mail_taken() -> Iterator[int]:
    """The port of such a server, for as long as the block lasts."""
    port = free_port()
    controller = Controller(Sink(), hostname=LOOPBACK, port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
