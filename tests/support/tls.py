"""TLS termination: a server that cannot speak TLS gets a listener that does, from a proxy in this process."""

import selectors
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nova.local.processes.ports import LOOPBACK


@contextmanager
def tls_in_front_of(port: int, *, certificate: Path) -> Iterator[int]:
    """The port of a listener with this certificate (key and certificate in one file), which relays to another port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server((LOOPBACK, 0)) as listener:
        threading.Thread(target=_accept, args=(listener, context, port), daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            # Wakes the thread that accepts.
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, context, port), daemon=True).start()


def _serve(client: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with (
        suppress(OSError),
        client,
        context.wrap_socket(client, server_side=True) as encrypted,
        socket.create_connection((LOOPBACK, port)) as plain,
        selectors.DefaultSelector() as selector,
    ):
        other = {encrypted: plain, plain: encrypted}
        for one in other:
            selector.register(one, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                source = encrypted if key.fileobj is encrypted else plain
                data = source.recv(65_536)
                if not data:
                    return
                # What TLS has decrypted already shows in no selector.
                while encrypted is source and encrypted.pending():
                    data += encrypted.recv(encrypted.pending())
                other[source].sendall(data)
