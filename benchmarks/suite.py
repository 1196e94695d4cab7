"""What is measured? Everything that is hot; each part of Nova adds its own."""

from contextlib import ExitStack

from django.db import connection

from benchmarks import aggregates, append, raw, reading, rest
from benchmarks.harness import Measure


def measures(url: str, stack: ExitStack) -> list[Measure]:
    """All measures, on a database that is migrated and empty; what they start runs until the stack is unwound."""
    with connection.cursor() as cursor:
        for table in raw.TABLES:
            cursor.execute(table)
    return [*append.measures(url), *rest.measures(stack), *reading.measures(url), *aggregates.measures()]
