"""Session: what a failed statement says about the session that it ran in, and what is done about it.

Sessions are kept for hours, and what they stand on changes meanwhile. After a failover they may lead to a server that
only reads: they are closed, so that whoever tries again gets another one. When a column was altered, the statements
that they have prepared are refused: they are prepared anew, and the statement runs again, unnoticed where it stands
alone in its transaction.
"""

from typing import Any

import psycopg
from psycopg.abc import PQGen

# Told by the server whenever they change (PostgreSQL 14), together with the answer to a statement.
_SAYS_READ_ONLY = (b"default_transaction_read_only", b"in_hot_standby")
_READ_ONLY_TRANSACTION = "25006"
# object_not_in_prerequisite_state, feature_not_supported: said of much, and by a standby of what it cannot do.
_REFUSED_BY_STANDBYS = frozenset({"55000", "0A000"})
# feature_not_supported is said of many things, and of an outdated plan by this function of the server.
_OUTDATED_PLAN = ("0A000", "RevalidateCachedQuery")
# invalid_sql_statement_name: somebody has deallocated what the client takes for prepared.
_FORGOTTEN_PLAN = "26000"


class TryAgain(psycopg.OperationalError):
    """The session was not fit for a statement that may well succeed in another attempt; nothing has taken effect."""

    @classmethod
    def from_error(cls, reason: str, error: psycopg.Error) -> "TryAgain":
        """With a reason for people; SQLSTATE and diagnostics are the error's."""
        return cls(f"{reason}: {error}", info=error._info, encoding=error._encoding)  # noqa: SLF001 - to hand them on


class ServerReadsOnly(TryAgain):
    """The server takes no writes: a standby, or one whose default is to read. The session is closed."""


class PlanOutdated(TryAgain):
    """A table was altered since a statement was prepared; the transaction is to be run again, and prepares anew."""


def reads_only(session: psycopg.Connection[Any]) -> bool:
    """Whether the session's server takes no writes, as its last answer said. Asks nobody."""
    return any(session.pgconn.parameter_status(name) == b"on" for name in _SAYS_READ_ONLY)


def is_on_standby(session: psycopg.Connection[Any]) -> bool:
    """Whether the session's server follows another one, as its last answer said. Asks nobody."""
    return session.pgconn.parameter_status(b"in_hot_standby") == b"on"


def require_writable(session: psycopg.Connection[Any]) -> None:
    """Raise `ServerReadsOnly`, and close the session, where its server takes no writes; see `reads_only`."""
    if reads_only(session):
        session.close()
        raise ServerReadsOnly("the database server only reads")


def require_primary(session: psycopg.Connection[Any]) -> None:
    """Raise `ServerReadsOnly`, and close the session, where its server follows another one."""
    if is_on_standby(session):
        session.close()
        raise ServerReadsOnly("the database server is a standby")


def raise_meaning(session: psycopg.Connection[Any], error: psycopg.Error) -> None:
    """Raise what the error means to the session, or the error itself."""
    if _is_refused_by_reader(session, error):
        session.close()
        raise ServerReadsOnly.from_error("the database server only reads", error) from error
    if _is_outdated_plan(error):
        raise PlanOutdated.from_error("a prepared statement is outdated; try again", error) from error
    raise error


def make_fit(session: psycopg.Connection[Any], error: psycopg.Error, *, alone: bool) -> PQGen[None]:
    """Make the session fit for the statement that failed to run again; `raise_meaning` where it cannot.

    It was `alone` when no statement came before it in its transaction. To be run holding the session's lock.
    """
    if not alone or session.pgconn.pipeline_status or not _is_outdated_plan(error):
        raise_meaning(session, error)
    # psycopg's own book of what is prepared; a rollback does nothing outside a transaction.
    yield from session._rollback_gen()  # noqa: SLF001
    session._prepared.clear()  # noqa: SLF001
    yield from session._prepared.maintain_gen(session)  # noqa: SLF001


def _is_refused_by_reader(session: psycopg.Connection[Any], error: psycopg.Error) -> bool:
    # A transaction that its own user has made read only says the same of a server that writes: that is a fault.
    if error.sqlstate == _READ_ONLY_TRANSACTION:
        return reads_only(session)
    return error.sqlstate in _REFUSED_BY_STANDBYS and is_on_standby(session)


def _is_outdated_plan(error: psycopg.Error) -> bool:
    return error.sqlstate == _FORGOTTEN_PLAN or (error.sqlstate, error.diag.source_function) == _OUTDATED_PLAN
