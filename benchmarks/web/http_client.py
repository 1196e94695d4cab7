"""HTTP over a socket: a request that is bytes already, for a library's own work would hide the server's."""

import socket


def exchange(connection: socket.socket, request: bytes) -> bytes:
    """Send a request; its whole answer, whose length stands in its head. Raises `RuntimeError` when there is none."""
    connection.sendall(request)
    answer = b""
    while (end := answer.find(b"\r\n\r\n")) < 0:
        answer += _more(connection, answer)
    head = answer[:end].lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    while len(answer) < end + 4 + length:
        answer += _more(connection, answer)
    return answer


def _more(connection: socket.socket, answer: bytes) -> bytes:
    part = connection.recv(262_144)
    if not part:
        raise RuntimeError(f"the server closed the connection after {answer!r}")
    return part
