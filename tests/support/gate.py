"""Gate: a TCP port in front of a server's, which a test closes and opens as an outage does."""

import socket
import threading
from contextlib import suppress

from nova.local.processes.ports import LOOPBACK


class Gate:
    """Lets clients through to a port of this machine while it is open; it is open at first."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self._start()

    def close(self) -> None:
        """Refuse everybody from now on, and break off those who are through."""
        self.refuse()
        self.break_off()

    def refuse(self) -> None:
        """Refuse everybody who comes from now on."""
        with suppress(OSError):  # it is closed already
            # Wakes the thread that accepts.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def open(self) -> None:
        """Let everybody through again."""
        self._listener = socket.create_server((LOOPBACK, self.port))
        self._start()

    def break_off(self) -> None:
        """Break off those who are through, and let them come again."""
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _start(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection((LOOPBACK, self._server_port))
                with self._lock:
                    self._open |= {client, server}
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(source)
        source.close()
