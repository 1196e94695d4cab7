"""Retention: what has ended stays to be looked at for some months, and is then removed with its history in small steps.

Longer than the inbox remembers: an event that begins an instance and comes again finds it, or is known to the inbox.
"""

from datetime import datetime

from django.db import connection

from sagas.models import SagaOperation
from sagas.sql.statements import statement

STRETCH = 500  # instances


def prune(cutoff: datetime) -> int:
    """Remove instances that ended before the cutoff, or were never begun by then; how many. Each step commits alone.

    Operations on many instances that ended before it go as well.
    """
    removed, number = 0, STRETCH
    while number == STRETCH:
        with connection.cursor() as cursor:
            cursor.execute(statement("prune"), {"cutoff": cutoff, "limit": STRETCH})
            (number,) = cursor.fetchone()
        removed += number
    SagaOperation.objects.filter(finished_at__lt=cutoff).delete()
    return removed
