"""Time limit: statements that somebody waits for in front of a page are given up in time, and said to have been."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction
from psycopg.errors import QueryCanceled

from kit.exceptions import TimeLimitExceeded


@contextmanager
def time_limit(milliseconds: int, *, using: str = "default") -> Iterator[None]:
    """Give each statement of the block so long, in one transaction that only reads.

    Raises `TimeLimitExceeded` in place of what says that a statement was given up, by whatever way it was sent.
    """
    try:
        with transaction.atomic(using=using):
            before = _set_timeout(str(milliseconds), using)
            yield
            _set_timeout(before, using)
    except Exception as error:
        if _is_cancelled(error):
            raise TimeLimitExceeded(milliseconds) from error
        raise


def _set_timeout(value: str, using: str) -> str:
    """Set it for the transaction; what it was."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)", [value]
        )
        (before, _) = cursor.fetchone()
    return str(before)


def _is_cancelled(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, QueryCanceled):
            return True
        error = error.__cause__
    return False
