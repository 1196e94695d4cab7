"""REST clients: each appends one event after the other, as fast as it is answered or at a given rate."""

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.platform_appends.mix import Append
from benchmarks.web.http_client import exchange
from nova.local.processes.ports import LOOPBACK

CREATED = b"HTTP/1.1 201"


def append_all(port: int, token: str, appends: Sequence[Append], *, clients: int, rate: float = 0.0) -> float:
    """Append all of them; seconds that it took. With a rate, so many in a second by all clients together."""
    requests = [_request(append, token) for append in appends]
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for done in [
            pool.submit(_send, port, requests[number::clients], began + number / (rate or 1.0), clients / (rate or 1.0))
            if rate
            else pool.submit(_send, port, requests[number::clients], 0.0, 0.0)
            for number in range(clients)
        ]:
            done.result()
    return time.perf_counter() - began


def _send(port: int, requests: Sequence[bytes], due: float, interval: float) -> None:
    with socket.create_connection((LOOPBACK, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            if interval:
                time.sleep(max(0.0, due - time.perf_counter()))
                due += interval
            answer = exchange(connection, request)
            if not answer.startswith(CREATED):
                raise RuntimeError(answer.decode(errors="replace"))


def _request(append: Append, token: str) -> bytes:
    body = append.body
    lines = [
        f"POST {append.path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Authorization: Bearer {token}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
