"""Benchmark suite: everything that is hot is measured; each part of Nova adds its own."""

from collections.abc import Callable
from contextlib import ExitStack

from django.db import connection

from benchmarks import raw, sagas
from benchmarks.consumers import inbox
from benchmarks.consumers import latency as latency_effect
from benchmarks.harness import Measure
from benchmarks.platform_appends import measures as platform_appends
from benchmarks.projections import latency as latency_projection
from benchmarks.projections import throughput as projections
from benchmarks.relay import latency as latency_ack
from benchmarks.relay import throughput as relay
from benchmarks.services import feeds, search
from benchmarks.store import aggregates, append, reading
from benchmarks.web import rest, slow_clients


def measures(url: str, brokers: Callable[[], str], stack: ExitStack, *, peers: bool = False) -> list[Measure]:
    """All measures, on a database that is migrated and empty.

    `brokers` starts Kafka when it is first asked for; what is started runs until the stack is unwound. With `peers`,
    also those beside other libraries, which must be installed.
    """
    with connection.cursor() as cursor:
        for table in raw.TABLES:
            cursor.execute(table)
    return [
        # First of all: its bare loop reads what it has appended itself, and nothing else.
        *reading.measures(url),
        *append.measures(url),
        *rest.measures(stack),
        *projections.measures(url),
        *feeds.measures(),
        *aggregates.measures(),
        *relay.measures(url, brokers),
        *inbox.measures(url),
        *sagas.measures(url),
        *search.measures(),
        *latency_ack.measures(brokers),
        *latency_effect.measures(brokers),
        *latency_projection.measures(),
        *slow_clients.measures(stack),
        *platform_appends.measures(stack),
        *(_beside_peers(url, stack) if peers else []),
    ]


def _beside_peers(url: str, stack: ExitStack) -> list[Measure]:
    # Imported only where peers are installed.
    from benchmarks.peers import measures as beside_peers

    return beside_peers.measures(url, stack)
