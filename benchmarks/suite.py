"""What is measured? Everything that is hot; each part of Nova adds its own."""

from django.db import connection

from benchmarks import append, raw, reading
from benchmarks.harness import Measure


def measures(url: str) -> list[Measure]:
    """All measures, on a database that is migrated and empty."""
    with connection.cursor() as cursor:
        for table in raw.TABLES:
            cursor.execute(table)
    return [*append.measures(url), *reading.measures(url)]
