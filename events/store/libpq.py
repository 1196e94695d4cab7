"""libpq: the hottest statement reaches the server with the least in between.

Through libpq's own calls, as psycopg offers them: its cursor spends half as much on twenty parameters as the server
spends on the rows, and a document goes through it as text. Transactions, prepared statements, interruption and errors
stay psycopg's own. For the statements that append, which are called all the time and return nothing but integers;
everything else takes a cursor. Figures: docs/adr/0001 and 0031.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import NoneType
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Raw, Struct
from psycopg import generators
from psycopg._preparing import Prepare
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus

from kit.postgresql.sessions import make_fit

Value = str | int | bytes | UUID | datetime | Raw | None

_PARAMETER = re.compile(r"%\((\w+)\)s")


class LibpqStatement(Struct, frozen=True, kw_only=True):
    """A statement with its parameters in the order in which the server numbers them."""

    query: bytes
    parameters: tuple[str, ...]
    types: tuple[int, ...] = ()
    """None are declared: the server takes them from the columns. Part of psycopg's name for a prepared statement."""


def libpq_statement(sql: str) -> LibpqStatement:
    """A statement with `%(name)s` parameters; the text may hold no other percent signs."""
    parameters = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
    numbers = {parameter: f"${number}" for number, parameter in enumerate(parameters, 1)}
    query = _PARAMETER.sub(lambda match: numbers[match[1]], sql)
    return LibpqStatement(query=query.encode(), parameters=parameters)


def call(
    connection: psycopg.Connection[Any], statement: LibpqStatement, values: Mapping[str, Value]
) -> list[tuple[int, ...]]:
    """The rows that the statement returns, all of integers. Raises what psycopg would: an `Error` by SQLSTATE."""
    encoded = [_ENCODERS[type(value)](value) for value in map(values.__getitem__, statement.parameters)]
    with connection.lock:
        alone = connection.pgconn.transaction_status == TransactionStatus.IDLE
        try:
            result = _execute(connection, statement, encoded)
        except psycopg.DatabaseError as error:
            connection.wait(make_fit(connection, error, alone=alone))
            result = _execute(connection, statement, encoded)
    columns = range(result.nfields)
    return [tuple(int(result.get_value(row, column) or 0) for column in columns) for row in range(result.ntuples)]


def _execute(connection: psycopg.Connection[Any], statement: LibpqStatement, encoded: Sequence[bytes | None]) -> Any:
    if not connection.autocommit:
        connection.wait(connection._start_query())  # noqa: SLF001 - it alone knows how Django wants it begun
    libpq = connection.pgconn
    # psycopg's book of prepared statements, for it deallocates all of them after a rollback.
    book: Any = connection._prepared  # noqa: SLF001
    prepare, name = book.get(statement, prepare=True)
    if prepare is Prepare.NO:
        libpq.send_query_params(statement.query, encoded)
        return _result(connection, ExecStatus.TUPLES_OK)
    if prepare is Prepare.SHOULD:
        libpq.send_prepare(name, statement.query)
        _result(connection, ExecStatus.COMMAND_OK)
        book.maybe_add_to_cache(statement, prepare, name)
    libpq.send_query_prepared(name, encoded)
    return _result(connection, ExecStatus.TUPLES_OK)


def _result(connection: psycopg.Connection[Any], expected: ExecStatus) -> Any:
    result = connection.wait(generators.execute(connection.pgconn))[-1]
    if result.status != expected:
        raise error_from_result(result)
    return result


class _Encoders(dict[type, Callable[[Any], bytes | None]]):
    """How each type is written as text for PostgreSQL; a subclass as its base."""

    def __missing__(self, kind: type) -> Callable[[Any], bytes | None]:
        return next(encoder for base, encoder in self.items() if issubclass(kind, base))


_ENCODERS = _Encoders(
    {
        str: lambda value: value.encode(),
        int: lambda value: b"%d" % value,
        bytes: lambda value: b"\\x" + value.hex().encode(),
        UUID: lambda value: value.hex.encode(),
        Raw: bytes,
        datetime: lambda value: value.isoformat().encode(),
        NoneType: lambda _: None,
    }
)
