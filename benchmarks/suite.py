"""What is measured? Everything that is hot; each part of Nova adds its own."""

from collections.abc import Callable

from django.db import connection

from benchmarks import append, inbox, latency_effect, raw, reading
from benchmarks.harness import Measure


def measures(url: str, brokers: Callable[[], str]) -> list[Measure]:
    """All measures, on a database that is migrated and empty; `brokers` starts Kafka when it is first asked for."""
    with connection.cursor() as cursor:
        for table in raw.TABLES:
            cursor.execute(table)
    return [*append.measures(url), *reading.measures(url), *inbox.measures(url), *latency_effect.measures(brokers)]
