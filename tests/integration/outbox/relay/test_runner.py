"""The relay's loop: it wakes up, pauses, and comes back whatever breaks down."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
import redis
from django.core.management import call_command
from django.db import connection

from kit.pacing.tempo import Tempo
from outbox.api import MemoryBus
from outbox.bus.base import DeliveryFailure, Failure, OutgoingMessage
from outbox.models import OutboxEvent
from outbox.relay.runner import RelayRunner, RelaySettings
from outbox.signals.wakeup import CHANNEL, WakeupListener
from tests.support.outbox import eventually, hosted, take_notes
from tests.support.relay_passes import LATER, in_published_order

pytestmark = pytest.mark.usefixtures("recording", "prefix")


def test_the_circuit_breaker_asks_a_broker_that_is_away_less_and_less_often(redis_url: str) -> None:
    bus = MemoryBus()
    tries: list[float] = []

    def away(_: OutgoingMessage) -> DeliveryFailure:
        tries.append(time.monotonic())
        return DeliveryFailure(failure=Failure.OUTAGE, reason="away")

    bus.fail = away
    take_notes("a", 1)
    settings = RelaySettings(batch=10, policies=LATER, redis_url=redis_url)

    with hosted(RelayRunner(bus, settings)):
        eventually(lambda: len(tries) >= 4)

    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert pauses[2] > pauses[0]
    assert OutboxEvent.objects.get().retry_count == 0


def test_a_relay_that_loses_its_database_comes_back(redis_url: str) -> None:
    bus = MemoryBus()
    settings = RelaySettings(batch=10, policies=LATER, redis_url=redis_url)

    with hosted(RelayRunner(bus, settings)):
        take_notes("a", 1)
        eventually(lambda: len(bus.published) == 1)
        connection.cursor().execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        take_notes("a", 2)
        eventually(lambda: len(bus.published) == 2)

    assert in_published_order(bus) == [1, 2]


def test_a_wake_up_reaches_a_relay_that_would_not_look_by_itself(redis_url: str) -> None:
    bus = MemoryBus()
    # After one look it would not look again before the next event should have been there.
    asleep = Tempo(shortest=4, longest=4, pause=4)
    settings = RelaySettings(batch=10, policies=LATER, redis_url=redis_url, tempo=asleep)

    with hosted(RelayRunner(bus, settings)):
        with redis.Redis.from_url(redis_url) as client:
            eventually(lambda: client.pubsub_numsub(CHANNEL)[0][1] == 1)
        for number in range(3):
            take_notes("a", number)
            eventually(lambda number=number: len(bus.published) == number + 1, within=2)  # type: ignore[misc]


def test_a_relay_that_has_just_worked_looks_again_at_once_and_then_less_and_less_often(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    class Unheard(WakeupListener):
        def wait(self, timeout: float, stop: threading.Event) -> bool:
            pauses.append(timeout)
            stop.wait(timeout)
            return False

    monkeypatch.setattr("outbox.relay.runner.WakeupListener", Unheard)
    bus = MemoryBus()
    with hosted(RelayRunner(bus, RelaySettings(batch=10, policies=LATER, redis_url=redis_url))):
        eventually(lambda: pauses.count(0.4) == 2)
        seen = len(pauses)
        take_notes("a", 1)
        eventually(lambda: 0.001 in pauses[seen:] and pauses[-1] == 0.4)

    expected = [0.001 * 2**n for n in range(9)] + [0.4]
    assert pauses[:10] == pytest.approx(expected)
    since = pauses[seen:]
    assert since[since.index(0.001) :][:10] == pytest.approx(expected)


def test_a_relay_that_breaks_down_lets_go_of_its_connections(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    bus = MemoryBus()
    monkeypatch.setattr(bus, "close", lambda: closed.append("bus"))
    monkeypatch.setattr("outbox.relay.runner.WakeupListener.close", lambda _: closed.append("listener"))

    def break_down(_: OutgoingMessage) -> None:
        raise ZeroDivisionError

    bus.fail = break_down
    take_notes("a", 1)

    with pytest.raises(ZeroDivisionError):
        RelayRunner(bus, RelaySettings(batch=10, policies=LATER, redis_url=redis_url)).run(threading.Event())

    assert sorted(closed) == ["bus", "listener"]


def test_a_fault_does_not_stop_the_relay_command(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = MemoryBus()
    faults = [ZeroDivisionError()]

    def break_down_once(_: OutgoingMessage) -> None:
        if faults:
            raise faults.pop()

    handlers: list[Callable[[], None]] = []
    monkeypatch.setattr("signal.signal", lambda _, handler: handlers.append(handler))
    monkeypatch.setattr("outbox.management.commands.relay.collect_seldom", lambda: None)
    monkeypatch.setattr("outbox.hosting.runners.bus_of", lambda _: bus)
    bus.fail = break_down_once
    take_notes("a", 1)

    def stop_once_it_has_published() -> None:
        try:
            eventually(lambda: bus.published)
        finally:
            handlers[0]()

    watcher = threading.Thread(target=stop_once_it_has_published)
    watcher.start()
    call_command("relay")
    watcher.join()

    assert not faults
    assert in_published_order(bus) == [1]
