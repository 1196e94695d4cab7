"""Followers of the log, a sound one and a naive one, and clients that append in transactions of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest
from django.db import connection

from events.api import Expected, RecordedEvent, StreamWrite, append_only, read_log
from events.sql.statements import statement
from events.store.columns import parameters
from events.store.connection import live_cursor
from events.store.libpq import call, libpq_statement
from events.store.prepared import prepare
from events.store.reading.rows import recorded
from tests.support.events import new_event, new_stream

APPEND = libpq_statement(statement("append_one") + append_only.one)
Reader = Callable[[int], tuple[list[RecordedEvent], int]]


def follow_safely(cursor: int) -> tuple[list[RecordedEvent], int]:
    """Nova's reader."""
    page = read_log(cursor, 1_000)
    return page.events, page.position


def follow_naively(cursor: int) -> tuple[list[RecordedEvent], int]:
    """The planted fault: everything after the cursor that can be seen."""
    everything = 2**63 - 1
    with live_cursor() as database:
        found = database.execute(
            statement("log_after"),
            {"after": cursor, "safe": everything, "max_count": 1_000, "event_types": None, "aggregate_type": None}
            | {"number": None, "of": None, "since": None, "until": None},
        ).fetchall()
    seen = [recorded(row) for row in found]
    return seen, seen[-1].position if seen else cursor


class Writer:
    """A client with a connection and a transaction of its own."""

    def __init__(self) -> None:
        parameters = connection.get_connection_params()
        self.connection = psycopg.connect(
            **{key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if key in parameters}
        )
        self.stream = new_stream()
        self.savepoint = False

    def append(self) -> None:
        """Append an event, in the transaction that is open from then on."""
        write = StreamWrite(stream=self.stream, events=[new_event()], expected_version=Expected.ANY)
        ((event,),) = prepare([write])
        call(self.connection, APPEND, parameters(write, event))

    def set_savepoint(self) -> None:
        """Mark where to go back to."""
        self.connection.execute("SAVEPOINT s")
        self.savepoint = True

    def roll_back_to_savepoint(self) -> None:
        """Go back there, if anything was marked."""
        if self.savepoint:
            self.connection.execute("ROLLBACK TO SAVEPOINT s")

    def commit(self) -> None:
        """Commit."""
        self.connection.commit()
        self.savepoint = False

    def roll_back(self) -> None:
        """Undo all since the last commit."""
        self.connection.rollback()
        self.savepoint = False

    def close(self) -> None:
        """Go away."""
        self.connection.close()

    def die(self) -> None:
        """Go away in the middle, and come back as another client of the same stream."""
        self.connection.close()
        self.__dict__.update(Writer().__dict__ | {"stream": self.stream})


@pytest.fixture
def writers(committed_db: None) -> Iterator[list[Writer]]:
    """Three clients; what they have not committed is gone with the test."""
    with ExitStack() as stack:
        clients = [Writer() for _ in range(3)]
        for client in clients:
            stack.callback(client.close)
        yield clients
