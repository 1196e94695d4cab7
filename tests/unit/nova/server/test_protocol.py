"""A connection is closed whose client does not take its turn; everybody else's stays."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from uvicorn import Config, Server

from nova.local.processes.ports import LOOPBACK
from nova.server.protocol import MAX_HEAD, PatientProtocol

TIMEOUT = 0.3
# Well beyond the timeout, and less than uvicorn's own for idle connections.
ENOUGH = 4.0
SMALL, LARGE = b"x" * 100, b"x" * 20_000_000
GET = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers with little or much."""
    body = LARGE if scope["path"] == "/large" else SMALL
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    for start in range(0, len(body), 65_536):
        more = start + 65_536 < len(body)
        await send({"type": "http.response.body", "body": body[start : start + 65_536], "more_body": more})


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Server, int]]:
    """A server, and its port."""
    with socket.create_server((LOOPBACK, 0)) as listening:
        config = Config(application, http=PatientProtocol, lifespan="off", log_config=None, timeout_keep_alive=60)
        server = Server(config)
        running = asyncio.create_task(server._serve([listening]))
        while not server.started:
            await asyncio.sleep(0)
        try:
            yield server, listening.getsockname()[1]
        finally:
            server.should_exit = server.force_exit = True
            await running


def run(exchange: Callable[[Server, asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, Any]]) -> Any:
    """What comes of an exchange over one connection, whose client has small buffers."""

    async def whole() -> Any:
        async with serving() as (server, port):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
            client.connect((LOOPBACK, port))
            reader, writer = await asyncio.open_connection(sock=client, limit=16_384)
            try:
                async with asyncio.timeout(ENOUGH):
                    return await exchange(server, reader, writer)
            finally:
                writer.close()

    return asyncio.run(whole())


@pytest.fixture(autouse=True)
def impatient(settings: Any) -> None:
    """Time is short here."""
    settings.NOVA_CLIENT_TIMEOUT = TIMEOUT


async def connections_of(server: Server) -> set[Any]:
    """The server's connections, once there is one."""
    while not server.server_state.connections:
        await asyncio.sleep(0.01)
    return server.server_state.connections


async def until_left(server: Server) -> bool:
    """Whether the server has ended all connections."""
    while server.server_state.connections:
        await asyncio.sleep(0.01)
    return True


async def read_all(reader: asyncio.StreamReader) -> bytes:
    """What comes until the end, however the server ends it."""
    read = b""
    try:
        while part := await reader.read(65_536):
            read += part
    except ConnectionResetError:
        pass
    return read


@pytest.mark.parametrize("head", [b"", b"G", GET[:20], b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "])
def test_a_head_that_does_not_come_is_not_waited_for(head: bytes) -> None:
    async def exchange(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(head)
        return await read_all(reader)

    assert run(exchange) == b""


def test_nor_is_a_head_that_comes_byte_by_byte() -> None:
    async def exchange(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await connections_of(server)
        left = asyncio.create_task(until_left(server))
        writer.write(b"GET / HTTP/1.1\r\nX-Slow: ")
        while not left.done():
            writer.write(b"x")
            await asyncio.sleep(TIMEOUT / 10)
        return await left

    assert run(exchange)


def test_nor_is_the_second_head_of_a_connection() -> None:
    async def exchange(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(GET % b"small")
        first = await reader.readuntil(SMALL)
        writer.write(b"GET /")
        return first + await read_all(reader)

    assert run(exchange).count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize(
    "head",
    [
        GET % (b"x" * MAX_HEAD),
        GET[:-2] % b"small" + b"X-Long: " + b"x" * MAX_HEAD + b"\r\n\r\n",
        GET[:-2] + b"x" * 3 * MAX_HEAD,
    ],
    ids=["address", "header", "unfinished"],
)
def test_a_head_that_is_too_long_is_refused(head: bytes) -> None:
    async def exchange(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(head)
        return await read_all(reader)

    assert run(exchange).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "request_",
    [
        GET % b"\xff",
        b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"GET / HTTP/1.1\nHost: local\0host\r\n\r\n",
    ],
    ids=["path", "address", "two framings", "two lengths", "control character"],
)
def test_what_is_no_http_is_refused(request_: bytes) -> None:
    async def exchange(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(request_)
        return await read_all(reader)

    answer = run(exchange)
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_the_rest_of_a_body_whose_request_is_answered_is_thrown_away() -> None:
    async def exchange(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        answers = await reader.readuntil(SMALL)
        writer.write(b"x" * 1_000_000 + GET % b"small")
        return answers + await reader.readuntil(SMALL)

    assert run(exchange).count(b"HTTP/1.1 200") == 2


def test_an_idle_connection_stays_for_the_next_request() -> None:
    async def exchange(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        answers = b""
        for _ in range(3):
            writer.write(GET % b"small")
            answers += await reader.readuntil(SMALL)
            await asyncio.sleep(2 * TIMEOUT)
        return answers

    assert run(exchange).count(b"HTTP/1.1 200") == 3


def test_an_answer_that_nobody_reads_is_given_up() -> None:
    async def exchange(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(GET % b"large")
        await reader.read(1)
        return await until_left(server)

    assert run(exchange)


def test_so_is_the_end_of_one_after_which_the_connection_closes() -> None:
    async def exchange(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        (connection,) = await connections_of(server)
        # The last of it stays in the server's buffer, which takes no more than that.
        connection.transport.set_write_buffer_limits(high=2 * len(LARGE))
        writer.write(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await reader.read(1)
        return await until_left(server)

    assert run(exchange)


def test_a_slow_reader_that_takes_its_share_gets_all() -> None:
    async def exchange(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        writer.write(GET % b"large")
        read, paused = 0, 0
        while read < len(LARGE):
            read += len(await reader.read(65_536))
            # Some pauses, each shorter than the timeout, and longer than that together.
            if read // 2_000_000 > paused:
                paused += 1
                await asyncio.sleep(TIMEOUT / 3)
        return read

    assert run(exchange) >= len(LARGE)
