"""Pipeline: statements are sent one behind the other, without waiting for each one's answer (libpq's pipeline mode)."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections


@contextmanager
def pipelined(using: str = "default") -> Iterator[None]:
    """Within it, no statement waits for the answers of those before it; at its end all have come.

    For statements whose answers nobody asks for: what is fetched waits for everything, and `rowcount` is not known
    before the end. Raises, as Django's own, the error of the first that failed.
    """
    connection = connections[using]
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield
