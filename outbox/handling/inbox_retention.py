"""Inbox retention: what no topic can deliver again is forgotten, a few pages at a time.

A claim of a consumer waits for nobody here unless it is for a message as old as the retention: only entries beyond it
are touched, and each small step commits by itself.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import connection

from outbox.sql.statements import statement

# Pages of 8 KB in one step: some 4 000 entries.
STRETCH = 64


def prune_inbox(cutoff: datetime) -> int:
    """Remove entries of messages that were handled before the cutoff; how many."""
    with connection.cursor() as cursor:
        cursor.execute(statement("old_inbox_pages"), {"cutoff": cutoff})
        pages = [page for (page,) in cursor.fetchall()]
    removed = 0
    for stretch in _stretches(pages):
        with connection.cursor() as cursor:
            # What has come into these pages meanwhile is younger than the cutoff, and stays.
            parameters: dict[str, Any] = {
                "first": f"({stretch[0]},0)",
                "end": f"({stretch[-1] + 1},0)",
                "cutoff": cutoff,
            }
            cursor.execute(statement("prune_inbox"), parameters)
            removed += cursor.rowcount
    return removed


def _stretches(pages: Sequence[int]) -> Iterator[list[int]]:
    """Sorted pages, those near each other together."""
    for _, stretch in groupby(pages, key=lambda page: page // STRETCH):
        yield list(stretch)
