"""How does a loop hear at once that something was appended? By a hint through Redis, which may be lost without harm.

Whoever waits for a hint also looks by itself, at most 200 ms apart; whoever sends one never waits and never fails.
"""

import os
import threading
import time

import redis
import structlog

from outbox.conf import outbox_conf

log = structlog.get_logger(__name__)

CHANNEL = "nova:appended"
# Seconds: at most one hint in this time, however many appends there are.
REST = 0.003
# Seconds without Redis before it is asked again.
RECONNECT_AFTER = 1.0
TIMEOUT = 0.5


class Announcer:
    """Sends hints from a thread of its own, several appends in one."""

    def __init__(self, redis_url: str) -> None:
        self.key = (os.getpid(), redis_url)
        self._appended = threading.Event()
        self._client = redis.Redis.from_url(redis_url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
        self._thread.start()

    def announce(self) -> None:
        """Say that something was appended."""
        self._appended.set()

    def _run(self) -> None:
        reachable = True
        while True:
            self._appended.wait()
            self._appended.clear()
            try:
                self._client.publish(CHANNEL, b"")
                reachable = True
                time.sleep(REST)
            except redis.RedisError as error:
                if reachable:
                    log.warning("hints are lost, loops look by themselves", error=str(error))
                reachable = False
                time.sleep(RECONNECT_AFTER)


_announcer: Announcer | None = None
_lock = threading.Lock()


def announce_append() -> None:
    """Wake whoever waits for appended events. To be called after the commit."""
    global _announcer  # noqa: PLW0603 - one thread per process
    redis_url = outbox_conf().redis_url
    # The thread does not survive a fork.
    if _announcer is None or _announcer.key != (os.getpid(), redis_url):
        with _lock:
            if _announcer is None or _announcer.key != (os.getpid(), redis_url):
                _announcer = Announcer(redis_url)
    _announcer.announce()


def hint(channel: str) -> None:
    """Wake whoever waits on a channel for something that an operator has written. To be called after the commit."""
    with redis.Redis.from_url(
        outbox_conf().redis_url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
    ) as client:
        try:
            client.publish(channel, b"")
        except redis.RedisError as error:
            log.warning("a hint is lost, loops look by themselves", channel=channel, error=str(error))


class HintListener:
    """Waits for hints. Used by one thread."""

    def __init__(self, redis_url: str, channel: str = CHANNEL) -> None:
        """The connection is made when it is needed, and again after Redis was away."""
        self._channel = channel
        self._client = redis.Redis.from_url(redis_url, socket_connect_timeout=TIMEOUT)
        self._subscription: redis.client.PubSub | None = None
        self._not_before = 0.0

    def wait(self, timeout: float, stop: threading.Event) -> bool:
        """Wait until a hint comes, at most `timeout` seconds; whether one came. `stop` ends a wait without Redis."""
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
