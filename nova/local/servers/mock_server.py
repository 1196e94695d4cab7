"""Mock broker as a process of its own, for machines where Kafka can't be had.

python -m nova.local.servers.mock_server --port PORT
"""

import argparse
import signal
import socket
import socketserver
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nova.local.processes.ports import LOOPBACK
from nova.local.processes.process import ProcessSpec
from nova.local.servers.kafka import broker_waits_for
from nova.local.servers.mock_broker import MockCluster
from nova.local.servers.server import Report, silent

WARNING = (
    "The mock broker keeps messages in memory only: a restart loses them, and so do more than 5 MB or 100 000 messages"
    " in a partition, silently. It shows how Nova works; it proves nothing about your events' safety."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MockServer:
    """The mock broker in the place of Kafka."""

    log: Path
    port: int

    name = "mock broker"

    @property
    def address(self) -> str:
        """The bootstrap server."""
        return f"{LOOPBACK}:{self.port}"

    def prepare(self, report: Report = silent) -> None:
        """Nothing is kept, so nothing is prepared."""

    def process(self) -> ProcessSpec:
        """The broker."""
        return ProcessSpec(
            name=self.name,
            argv=(sys.executable, "-m", "nova.local.servers.mock_server", "--port", str(self.port)),
            log=self.log,
            probe=self._waiting_for,
        )

    def _waiting_for(self) -> str | None:
        return broker_waits_for(self.address)


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, *, upstream: tuple[str, int]) -> None:
        super().__init__((LOOPBACK, port), _Connection)
        self.upstream = upstream


class _Connection(socketserver.BaseRequestHandler):
    server: _Listener
    request: socket.socket

    def handle(self) -> None:
        """Copy both ways until both sides have ended."""
        with socket.create_connection(self.server.upstream) as upstream:
            answers = threading.Thread(target=_copy, args=(upstream, self.request), daemon=True)
            answers.start()
            _copy(self.request, upstream)
            answers.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # either side may hang up at any time
        while chunk := source.recv(65_536):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def serve(port: int) -> None:
    """Run a mock broker on a port of our choice until SIGTERM or SIGINT.

    The mock chooses a port itself, and another one after each restart, which its clients would never learn: so a
    listener of our own passes them on.
    """
    # Blocked before any thread starts, since threads inherit it: only sigwait gets them.
    endings = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)
    with MockCluster() as cluster:
        host, _, inner_port = cluster.bootstrap_servers.rpartition(":")
        cluster.advertise(1, host=LOOPBACK, port=port)
        with _Listener(port, upstream=(host, int(inner_port))) as listener:
            threading.Thread(target=listener.serve_forever, daemon=True).start()
            signal.sigwait(endings)
            listener.shutdown()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A Kafka broker that keeps messages in memory only.")
    parser.add_argument("--port", type=int, required=True)
    serve(parser.parse_args().port)
