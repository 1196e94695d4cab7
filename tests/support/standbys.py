"""Standby: a real streaming replica of the suite's PostgreSQL, made with its own tools."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection, connections

from kit.replicas.reads import end_watch, replica_states
from nova.local.credentials import Credentials
from nova.local.processes.ports import LOOPBACK, free_port
from nova.local.processes.process import ProcessSpec, run_to_end
from nova.local.processes.unprivileged import home_for, unprivileged_user
from nova.local.servers.postgres import SUPERUSER, PostgresServer
from nova.local.servers.server import Report, silent
from nova.settings import environment as env
from tests.support.databases import MortalPostgres
from tests.support.outbox import eventually, url_of_test_database

REPLICA = "replica_1"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyServer(PostgresServer):
    """A server whose cluster is a copy of another one, which it follows."""

    #: URL of the superuser there.
    primary: str

    def prepare(self, report: Report = silent) -> None:
        """Copy the cluster."""
        report("copying the primary")
        user = unprivileged_user()
        home = home_for(user, self.directory)
        options = ("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
        copy = (self._program("pg_basebackup", user, home), f"--dbname={self.primary}", *options)
        run_to_end(
            ProcessSpec(name="pg_basebackup", argv=(*copy, f"--pgdata={home / 'cluster'}"), log=self.log, user=user)
        )

    def _waiting_for(self) -> str | None:
        try:
            psycopg.connect(self.superuser_address, connect_timeout=2).close()
        except psycopg.OperationalError:
            return "starting"
        return None


class Standby(MortalPostgres):
    """A streaming replica of a server."""

    def __init__(self, directory: Path, *, primary: str, database: str) -> None:
        """It is copied when this is made, and follows from `start` on.

        `primary` is the URL of the superuser of the server that it follows, `database` that of Nova's role there.
        """
        self._database, self._port = urlsplit(database), free_port()
        super().__init__(
            directory,
            server=StandbyServer(
                directory=directory / "standby",
                log=directory / "standby.log",
                port=self._port,
                password=self._database.password or "",
                superuser_password=urlsplit(primary).password or "",
                primary=primary,
            ),
        )

    @property
    def url(self) -> str:
        """The copy of the database."""
        return self._database.geturl().replace(f":{self._database.port}/", f":{self._port}/")

    def pause(self) -> None:
        """Replay nothing more, as a standby that is busy with a long report."""
        self._tell("SELECT pg_wal_replay_pause()")
        eventually(lambda: self._tell("SELECT pg_get_wal_replay_pause_state()") == "paused")

    def resume(self) -> None:
        """Replay what was missed."""
        self._tell("SELECT pg_wal_replay_resume()")

    def promote(self) -> None:
        """Make it a primary of its own."""
        assert self._tell("SELECT pg_promote()")

    def _tell(self, statement: str) -> Any:
        with psycopg.connect(self.superuser_address, autocommit=True) as session:
            row = session.execute(statement).fetchone()
        return row and row[0]


@contextmanager
def known_as_replica(*urls: str, pool_size: int = 0) -> Iterator[None]:
    """The settings name these databases as replicas of the test's one."""
    described = env.databases(url_of_test_database(), urls, pool_size=pool_size)
    replicas = {alias: one for alias, one in described.items() if alias != "default"}
    connections.settings.update(
        connections.configure_settings({"default": {}} | replicas) | {"default": connections.settings["default"]}
    )
    try:
        yield
    finally:
        end_watch()
        for alias in replicas:
            connections[alias].close()
            connections[alias].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has it
            del connections[alias]
            del connections.settings[alias]


def is_asked(alias: str = REPLICA) -> bool:
    """Whether queries go to the replica now."""
    return state(alias) == "ok"


def state(alias: str = REPLICA) -> str:
    """What is known of a replica, as health shows it."""
    return replica_states(within=5.0)[alias]


@pytest.fixture
def standby(
    committed_db: None, server_directory: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Standby]:
    """A replica that is asked; as a parameter, the size of the pool at it, 0 for none."""
    password, port = Credentials.of(server_directory).postgres_superuser_password, connection.settings_dict["PORT"]
    primary = f"postgresql://{SUPERUSER}:{password}@{LOOPBACK}:{port}/postgres"
    made = Standby(tmp_path, primary=primary, database=url_of_test_database())
    made.start()
    with known_as_replica(made.url, pool_size=getattr(request, "param", 0)):
        eventually(is_asked, within=20)
        yield made
    made.stop()
