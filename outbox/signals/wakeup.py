"""Wake-up: a word over Redis that something was appended, heard at once and lost without harm.

Whoever waits for a wake also looks by itself, at most 400 ms apart; whoever sends one never waits and never fails.
"""

import os
import threading
import time
from typing import Any

import redis

from kit.outage_log import outage_log
from kit.redis import redis_client
from outbox.conf import outbox_conf

CHANNEL = "nova:appended"
WAKEUP_COMMAND = [b"*3\r\n$7\r\nPUBLISH\r\n$13\r\nnova:appended\r\n$0\r\n\r\n"]
SILENCE = [b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n"]
# Seconds between two wake-ups of a process. One for each append keeps events fast; when appends come closer than BUSY,
# the relay finds work at every look and needs few. Whoever has just worked looks again within 5 ms by itself, so the
# last of a burst waits no longer than that.
MIN_INTERVAL = 0.0005
MAX_INTERVAL = 0.005
BUSY = 0.001
# Seconds without Redis before it is asked again.
RECONNECT_AFTER = 1.0
TIMEOUT = 0.5
# Seconds that a listener waits for Redis to let it in: it could look by itself meanwhile.
ENTRY_TIMEOUT = 0.3
# Seconds that a wake may take to leave the process; only a Redis that hangs, with its buffers full, takes any.
SENDING_TIMEOUT = 0.05


class WakeupSender:
    """Sends wake-ups, without waiting for an answer: Redis is asked to give none. Used by many threads."""

    def __init__(self, redis_url: str) -> None:
        self.key = (os.getpid(), redis_url)
        self._client = redis_client(redis_url, timeout=SENDING_TIMEOUT, connect_timeout=TIMEOUT)
        # Any, because redis-py gives its connections no types.
        self._connection: Any = None
        self._lock = threading.Lock()
        self._rest = MIN_INTERVAL
        self._asked_at = self._sent_at = 0.0
        self._disconnected = threading.Event()
        threading.Thread(target=self._stay_connected, name="wake-ups", daemon=True).start()

    def announce(self) -> None:
        """Say that something was appended."""
        now = time.monotonic()
        busy, self._asked_at = now - self._asked_at < BUSY, now
        self._rest = min(2 * self._rest, MAX_INTERVAL) if busy else MIN_INTERVAL
        if now - self._sent_at < self._rest:
            return
        self._sent_at = now
        if self._connection is None:
            self._disconnected.set()
            return
        with self._lock:
            try:
                if self._connection is not None:
                    self._connection.send_packed_command(WAKEUP_COMMAND, check_health=False)
            except (redis.RedisError, OSError):
                self._connection = None
                self._disconnected.set()

    def _stay_connected(self) -> None:
        # One for all times: a pool counts those that it makes, and after so many makes no more.
        connection: Any = self._client.connection_pool.make_connection()
        while True:
            self._disconnected.wait()
            with self._lock:
                # Whoever sends meanwhile would connect it, and be answered.
                self._connection = None
            try:
                connection.disconnect()
                connection.connect()
                connection.send_packed_command([*SILENCE, *WAKEUP_COMMAND], check_health=False)
                self._connection = connection
                # Only now: until there is one, whoever announces asks for it.
                self._disconnected.clear()
                outage_log("redis").found()
            except (redis.RedisError, OSError) as error:
                # Loops look by themselves.
                outage_log("redis").lost(error, lost="wake-ups")
                time.sleep(RECONNECT_AFTER)


_announcer: WakeupSender | None = None
_lock = threading.Lock()


def announce_append() -> None:
    """Wake whoever waits for appended events. To be called after the commit."""
    global _announcer  # noqa: PLW0603 - one thread per process
    redis_url = outbox_conf().redis_url
    # The thread does not survive a fork.
    if _announcer is None or _announcer.key != (os.getpid(), redis_url):
        with _lock:
            if _announcer is None or _announcer.key != (os.getpid(), redis_url):
                _announcer = WakeupSender(redis_url)
    _announcer.announce()


def wake(channel: str) -> None:
    """Wake whoever waits on a channel for something that an operator has written. To be called after the commit."""
    with redis_client(outbox_conf().redis_url, timeout=TIMEOUT) as client:
        try:
            client.publish(channel, b"")
        except redis.RedisError as error:
            outage_log("redis").lost(error, channel=channel)
        else:
            outage_log("redis").found()


class WakeupListener:
    """Waits for wake-ups. Used by one thread."""

    def __init__(self, redis_url: str, channel: str = CHANNEL) -> None:
        """The connection is made when it is needed, and again after Redis was away."""
        self._channel = channel
        # The time that a message may take is given to each look for one, and may be longer.
        self._client = redis_client(redis_url, timeout=ENTRY_TIMEOUT)
        self._subscription: redis.client.PubSub | None = None
        self._not_before = 0.0

    @property
    def is_listening(self) -> bool:
        """Whether a wake-up would be heard; whoever hears none looks more often by itself."""
        return self._subscription is not None

    def wait(self, timeout: float, stop: threading.Event) -> bool:
        """Wait until a wake comes, at most `timeout` seconds; whether one came. `stop` ends a wait without Redis."""
        if time.monotonic() < self._not_before:
            stop.wait(timeout)
            return False
        try:
            return self._wait_for_message(timeout)
        except (redis.RedisError, OSError):
            self.close()
            self._not_before = time.monotonic() + RECONNECT_AFTER
            return False

    def close(self) -> None:
        """Let go of the connection."""
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None

    def _wait_for_message(self, timeout: float) -> bool:
        if self._subscription is None:
            self._subscription = self._client.pubsub()  # type: ignore[no-untyped-call]
            self._subscription.subscribe(self._channel)
        heard = False
        message = self._subscription.get_message(timeout=timeout)
        while message is not None:
            heard = heard or message["type"] == "message"
            # What came meanwhile is answered by the same look at the rows.
            message = self._subscription.get_message(timeout=0)
        return heard
