"""Loopback ports: finds free ones, and says which option moves a busy one."""

import errno
import json
import random
import socket
from argparse import ArgumentTypeError
from pathlib import Path

from nova.local.exceptions import LocalError, PortUnusableError
from nova.local.files import write_private

LOOPBACK = "127.0.0.1"
# Below the range from which kernels number outgoing connections (32768 and up on Linux, 49152 and up elsewhere): while
# a server restarts, no client's connection may occupy its port, nor a client that knocks on it connect to itself.
SERVER_PORTS = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    return _obstacle(port) is None


def free_port() -> int:
    """A port that no program uses now."""
    for port in random.sample(SERVER_PORTS, k=1_000):
        if is_free(port):
            return port
    raise LocalError(f"No free port between {SERVER_PORTS.start} and {SERVER_PORTS.stop}.")


def port_number(text: str) -> int:
    """A port as an option of a command gives it. Raises `ArgumentTypeError` for what is none."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65_535):
        raise ArgumentTypeError(f"{text!r} is no port: a port is a number from 1 to 65535")
    return int(text)


def require_free(port: int, *, option: str) -> None:
    """Refuse a port that a server could not listen on.

    Raises:
        PortUnusableError: naming the command's option that chooses another.
    """
    if obstacle := _obstacle(port):
        raise PortUnusableError(port, obstacle, option=option)


class PortBook:
    """Remembers each server's port, so that addresses stay the same from one start to the next where they can."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}

    def port(self, name: str) -> int:
        """The server's port of last time if it is still free, else a new one."""
        remembered = self._ports.get(name)
        if remembered is None or not is_free(remembered):
            self._ports[name] = free_port()
            write_private(self._path, json.dumps(self._ports, indent=2))
        return self._ports[name]


def _obstacle(port: int) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # A connection of an earlier run that lingers in TIME_WAIT does not keep a server from listening.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return (
                "is in use by another program" if error.errno == errno.EADDRINUSE else f"is refused: {error.strerror}"
            )
        except OverflowError:
            return "does not exist"
    return None
