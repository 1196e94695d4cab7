"""What PostgreSQL's errors mean to whoever uses the store."""

import psycopg
import pytest
from psycopg import errors
from psycopg_pool import PoolTimeout

from events.exceptions import InvalidEvent, Unavailable
from events.store.connection import raise_as_ours
from kit.postgresql.sessions import PlanOutdated, ServerReadsOnly


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (psycopg.OperationalError("the connection is lost"), Unavailable),
        (psycopg.InterfaceError("the connection is closed"), Unavailable),
        (PoolTimeout("no connection within 30 s"), Unavailable),
        (errors.AdminShutdown(), Unavailable),
        (ServerReadsOnly("a standby"), Unavailable),
        (PlanOutdated("a column was altered"), Unavailable),
        (errors.DiskFull(), Unavailable),
        (errors.DeadlockDetected(), Unavailable),
        (errors.SerializationFailure(), Unavailable),
        (errors.LockNotAvailable(), Unavailable),
        (errors.QueryCanceled(), Unavailable),
        (errors.DatetimeFieldOverflow(), InvalidEvent),
        (errors.UniqueViolation(), errors.UniqueViolation),
        (errors.UndefinedColumn(), errors.UndefinedColumn),
    ],
)
def test_an_error_is_raised_as_what_it_means(error: psycopg.Error, meaning: type[Exception]) -> None:
    with pytest.raises(meaning) as raised:
        raise_as_ours(error)

    assert raised.value is error or raised.value.__cause__ is error
