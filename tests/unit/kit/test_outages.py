"""Outages: the errors which mean that a server was away are told from faults."""

import psycopg
import pytest
import redis.exceptions
from confluent_kafka import KafkaError, KafkaException
from django.db.utils import OperationalError
from psycopg import errors

from events.api import Unavailable
from kit.postgresql.sessions import PlanOutdated, ServerReadsOnly
from outbox.api import is_outage


def by_django(error: psycopg.Error) -> Exception:
    wrapped = OperationalError(str(error))
    wrapped.__cause__ = error
    return wrapped


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (by_django(psycopg.OperationalError("the connection is lost")), True),
        (by_django(errors.AdminShutdown()), True),
        (by_django(errors.CannotConnectNow()), True),
        (by_django(errors.DeadlockDetected()), True),
        (by_django(errors.DiskFull()), True),
        (by_django(errors.QueryCanceled()), False),
        (by_django(ServerReadsOnly("a standby")), True),
        (by_django(PlanOutdated("a column was altered")), True),
        (errors.TooManyConnections(), True),
        (errors.IdleSessionTimeout(), True),
        (errors.ReadOnlySqlTransaction(), True),
        (errors.FeatureNotSupported(), False),
        (errors.DivisionByZero(), False),
        (errors.UniqueViolation(), False),
        (redis.exceptions.ConnectionError(), True),
        (redis.exceptions.BusyLoadingError(), True),
        (redis.exceptions.ReadOnlyError(), True),
        (redis.exceptions.OutOfMemoryError(), True),
        (redis.exceptions.MasterDownError("MASTERDOWN"), True),
        (redis.exceptions.ResponseError(), False),
        (Unavailable("away"), True),
        (KafkaException(KafkaError(KafkaError.NOT_ENOUGH_REPLICAS, retriable=True)), True),
        (ValueError(), False),
        (KeyError(), False),
    ],
)
def test_an_outage_is_told_from_a_fault(error: Exception, outage: bool) -> None:
    assert is_outage(error) is outage


def test_the_cause_counts() -> None:
    error = ValueError()
    error.__cause__ = redis.exceptions.ConnectionError()

    assert is_outage(error)
