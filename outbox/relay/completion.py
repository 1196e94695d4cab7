"""Completion: rows are marked with what the broker has said of them, in one statement a batch.

What the broker has taken and the rows could not be told, because the database has gone away or takes no writes, is
remembered and told first of all when it is back: otherwise the relay would publish the same batch again and again.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from django.db.backends.base.base import BaseDatabaseWrapper
from msgspec import Struct

from outbox.bus.base import Location
from outbox.sql.rows import OutboxRow
from outbox.sql.statements import statement


class FailedRow(Struct, frozen=True):
    """What is kept of a row that the broker did not take."""

    id: int
    retry_count: int
    delay: float
    """Seconds until the next attempt."""
    dead: bool
    error: str


class DeliveredRow(NamedTuple):
    """A row that the broker has taken."""

    row: OutboxRow
    location: Location | None
    """Where its message lies; None where the broker does not tell."""


class Completion:
    """Completes batches, one after the other, for one relay."""

    def __init__(self) -> None:
        self._untold: Sequence[DeliveredRow] = ()

    def complete(
        self, connection: BaseDatabaseWrapper, delivered: Sequence[DeliveredRow], failed: Sequence[FailedRow]
    ) -> None:
        """In one statement; in one transaction when some have failed."""
        self._untold = delivered
        if failed:
            _complete_in_transaction(connection, delivered, failed)
        else:
            _complete_published(connection, delivered)
        self._untold = ()

    def catch_up(self, connection: BaseDatabaseWrapper) -> None:
        """Tell the rows of the last batch what could not be told then; to be called before others are published.

        Another relay may have had their shards since, and operators may have decided about them: only what is still
        as it was published is marked.
        """
        if not self._untold:
            return
        parameters: dict[str, Any] = _locations(self._untold) | {
            "topics": [one.row.topic for one in self._untold],
            "partition_keys": [one.row.partition_key for one in self._untold],
        }
        with connection.cursor() as cursor:
            cursor.execute(statement("complete_late"), parameters)
        self._untold = ()


def _complete_in_transaction(
    connection: BaseDatabaseWrapper, delivered: Sequence[DeliveredRow], failed: Sequence[FailedRow]
) -> None:
    connection.set_autocommit(False)
    try:
        if delivered:
            _complete_published(connection, delivered)
        with connection.cursor() as cursor:
            cursor.execute(statement("fail"), {"failures": msgspec.json.encode(failed).decode()})
        connection.commit()
    finally:
        connection.set_autocommit(True)


def _complete_published(connection: BaseDatabaseWrapper, delivered: Sequence[DeliveredRow]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement("complete"), _locations(delivered))


def _locations(delivered: Sequence[DeliveredRow]) -> dict[str, Any]:
    """Of the statements that mark rows as published."""
    return {
        "ids": [one.row.id for one in delivered],
        "partitions": [one.location and one.location[0] for one in delivered],
        "offsets": [one.location and one.location[1] for one in delivered],
    }
