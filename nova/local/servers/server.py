"""Embedded server: prepares itself once, and is then a process like any other."""

from collections.abc import Callable
from typing import Protocol

from nova.local.processes.process import ProcessSpec

#: Hears in a few words what a long step is doing.
Report = Callable[[str], None]


def silent(_: str) -> None:
    """Report nothing."""


class Server(Protocol):
    """An embedded server."""

    @property
    def name(self) -> str:
        """Its process's name."""

    @property
    def address(self) -> str:
        """The URL, or `host:port`, under which its clients find it."""

    def prepare(self, report: Report = silent) -> None:
        """Make everything ready for the first start; does nothing the next time. May take long.

        Raises:
            LocalError: with what to do about it.
        """

    def process(self) -> ProcessSpec:
        """The process to supervise, whose probe also completes what can be done only while the server runs."""
