"""Relay latency: from an event's commit to Kafka's acknowledgement, and what a relay costs that has no work.

Beside Nova's relay runs a bare loop of the same two statements, which does not even wait for wake-ups; the same process
appends to both, steadily, and notes when each append had returned.
"""

import statistics
import time
from collections.abc import Callable

from django.db import connection

from benchmarks.events import new_event, new_stream
from benchmarks.harness import Measure, Pair
from benchmarks.relay.process import Kind, watched_relay
from events.api import Expected, append_events
from outbox.api import KafkaBus, known_topics
from outbox.conf import outbox_conf

RATE = 500  # events per second
SECONDS = 20.0  # of each round of each side: a minute in all
WARM_UP = 2.0  # seconds at the beginning of a round that do not count
# Seconds after which what was started has nothing more to do, and during which it is watched then.
SETTLED, IDLE_SECONDS = 5.0, 10.0
ARRIVAL_TIMEOUT = 10.0
# What an idle relay may cost: queries per second, and percent of a core.
IDLE_QUERIES, IDLE_CPU = 5.0, 2.0


def measures(brokers: Callable[[], str]) -> list[Measure]:
    """All measures of latency; `brokers` starts Kafka when the first of them is taken."""
    raw, nova = Pair(lambda: _latencies("raw", brokers())), Pair(lambda: _latencies("nova", brokers()))
    idle = Pair(lambda: _idle(brokers()))
    return [
        Measure(name="latency_ack_p50", unit="ms", goal=0.5, raw=raw.first, nova=nova.first),
        Measure(name="latency_ack_p99", unit="ms", goal=0.67, raw=raw.second, nova=nova.second),
        # Beside what is allowed, not beside a bare loop.
        Measure(name="idle_relay_queries", unit="queries/s", goal=1.0, raw=lambda: IDLE_QUERIES, nova=idle.first),
        Measure(name="idle_relay_cpu", unit="% of a core", goal=1.0, raw=lambda: IDLE_CPU, nova=idle.second),
    ]


def _latencies(kind: Kind, brokers: str) -> tuple[float, float]:
    """The median and the 99th percentile of the latency in milliseconds."""
    KafkaBus(brokers).ensure_topics(known_topics(conf=outbox_conf()))
    _empty_outbox()
    with watched_relay(kind, brokers) as relay:
        committed = _append_steadily()
        _await_published()
        acknowledged = relay.acknowledged()
    latencies = [(acknowledged[event_id] - timestamp) * 1000 for event_id, timestamp in committed.items()]
    return statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]


def _append_steadily() -> dict[str, float]:
    """When each append had returned, by event id, without those of the warm-up."""
    committed = {}
    began = time.perf_counter()
    for number in range(int(RATE * (WARM_UP + SECONDS))):
        due = began + number / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        appended = append_events(new_stream(), Expected.NO_STREAM, [new_event()])
        if number > RATE * WARM_UP:
            committed[str(appended.event_ids[0])] = time.perf_counter()
    return committed


def _idle(brokers: str) -> tuple[float, float]:
    """Queries per second and percent of a core of a relay that has nothing to do."""
    KafkaBus(brokers).ensure_topics(known_topics(conf=outbox_conf()))
    _empty_outbox()
    with watched_relay("nova", brokers) as relay:
        time.sleep(SETTLED)
        began, queries, cpu = time.perf_counter(), relay.queries(), relay.cpu()
        time.sleep(IDLE_SECONDS)
        seconds = time.perf_counter() - began
        return (relay.queries() - queries) / seconds, (relay.cpu() - cpu) / seconds * 100


def _empty_outbox() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE outbox_events")
        cursor.execute("VACUUM ANALYZE outbox_events")


def _await_published() -> None:
    deadline = time.perf_counter() + ARRIVAL_TIMEOUT
    with connection.cursor() as cursor:
        while time.perf_counter() < deadline:
            cursor.execute("SELECT FROM outbox_events WHERE NOT published LIMIT 1")
            if not cursor.fetchall():
                return
            time.sleep(0.05)
    raise AssertionError("the relay did not keep up")
