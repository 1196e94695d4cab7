"""Wake-ups: whoever waits for one goes on, whatever Redis does."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from nova.local.servers.embedded import valkey_server
from outbox.signals.wakeup import CHANNEL, ENTRY_TIMEOUT, WakeupListener, WakeupSender, wake
from tests.support.outbox import eventually


@pytest.fixture
def hanging_redis() -> Iterator[str]:
    """It accepts a connection, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_a_redis_that_hangs_holds_nobody_up(hanging_redis: str) -> None:
    listener, done = WakeupListener(hanging_redis), threading.Event()

    def wait_twice() -> None:
        listener.wait(0.01, threading.Event())
        listener.wait(0.01, threading.Event())
        done.set()

    threading.Thread(target=wait_twice, daemon=True).start()

    assert done.wait(2.5)
    listener.close()


def test_a_wake_up_may_come_later_than_redis_may_take_to_let_somebody_in(redis_url: str) -> None:
    listener, stop = WakeupListener(redis_url), threading.Event()
    assert not listener.wait(ENTRY_TIMEOUT * 2, stop)

    threading.Timer(ENTRY_TIMEOUT * 2, wake, [CHANNEL]).start()

    assert listener.wait(30, stop)
    listener.close()


def test_a_sender_connects_again_however_often_it_lost_its_connection(tmp_path: Path) -> None:
    """A pool of connections makes so many, and no more."""
    with valkey_server(tmp_path) as server, redis.Redis.from_url(server.address) as client:
        sender = WakeupSender(f"{server.address}?max_connections=10")

        def is_connected() -> bool:
            sender.announce()
            return len(client.client_list(_type="normal")) > 1

        for _ in range(15):
            eventually(is_connected)
            client.client_kill_filter(_type="normal", skipme=True)
