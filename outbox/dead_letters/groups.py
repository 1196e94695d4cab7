"""Failure groups: open dead letters by what went wrong and where."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from msgspec import Struct

from outbox.arguments import arguments
from outbox.sql.statements import statement


class FailureGroup(Struct, frozen=True, kw_only=True):
    """Failures of one kind at one place."""

    failure_group: str
    """The name that filters know it by."""
    count: int
    """Open dead letters, archived ones left out."""
    exception: str
    frame: str
    """Where in our own code the latest of them happened."""
    message: str
    """What the latest of them said."""
    consumers: list[str]
    event_types: list[str]
    first_failed_at: datetime
    last_failed_at: datetime
    example: int
    """The number of the latest dead letter."""


def failure_groups(
    *, consumer: str | None = None, limit: int = 100, after: tuple[int, str] | None = None
) -> Sequence[FailureGroup]:
    """The groups, the largest first; `after` is count and name of the last group of the page before."""
    count, name = after or (None, None)
    arguments.text("consumer", consumer)
    arguments.limit(limit)
    arguments.number("after", count)
    arguments.text("after", name)
    with connection.cursor() as cursor:
        cursor.execute(
            statement("failure_groups"),
            {"consumer": consumer, "limit": limit, "after_count": count, "after_group": name},
        )
        return [
            FailureGroup(**dict(zip(FailureGroup.__struct_fields__, row, strict=True))) for row in cursor.fetchall()
        ]
