"""Embedded servers: a real server for a test or a script, for as long as it is needed.

    with postgres_server(directory) as server:
        psycopg.connect(server.address)

A server is restarted when it is killed, and is gone at the end of its block, also when the caller itself is killed.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nova.local.credentials import Credentials
from nova.local.processes.parallel import run_all
from nova.local.processes.ports import free_port
from nova.local.processes.supervisor import Supervisor
from nova.local.servers.kafka import KafkaServer
from nova.local.servers.postgres import PostgresServer
from nova.local.servers.server import Server
from nova.local.servers.valkey import ValkeyServer

START_TIMEOUT = 60.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """A running server."""

    server: Server
    supervisor: Supervisor

    @property
    def address(self) -> str:
        """The URL, or `host:port`, for its clients."""
        return self.server.address

    @property
    def pid(self) -> int:
        """The process that runs now; another one after a restart."""
        return self.supervisor.processes[self.server.name]

    def kill(self) -> None:
        """End it as a crash would (SIGKILL); it is restarted at once, see `await_ready`."""
        self.supervisor.kill(self.server.name)

    def await_ready(self) -> None:
        """Wait until it answers (again)."""
        self.supervisor.await_ready(timeout=START_TIMEOUT, again=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServices:
    """The addresses of everything that Nova stands on; no brokers when Kafka was not wanted."""

    database_url: str
    redis_url: str
    kafka_brokers: str | None


@contextmanager
def embedded_services(directory: Path, *, durable: bool = False, kafka: bool = True) -> Iterator[EmbeddedServices]:
    """PostgreSQL, Valkey and Kafka, started side by side in a directory that exists."""
    database, cache = _postgres(directory, durable=durable), _valkey(directory)
    broker = _kafka(directory) if kafka else None
    with _discarding(database), _running(database, cache, *([broker] if broker else [])):
        yield EmbeddedServices(
            database_url=database.address,
            redis_url=cache.address,
            kafka_brokers=broker.address if broker else None,
        )


@contextmanager
def postgres_server(directory: Path, *, durable: bool = False, port: int | None = None) -> Iterator[Embedded]:
    """PostgreSQL, whose role may create databases. Unless it is durable, its data goes with it."""
    server = _postgres(directory, durable=durable, port=port)
    with _discarding(server), _running(server) as supervisor:
        yield Embedded(server=server, supervisor=supervisor)


@contextmanager
def valkey_server(directory: Path, *, port: int | None = None) -> Iterator[Embedded]:
    """Valkey."""
    server = _valkey(directory, port=port)
    with _running(server) as supervisor:
        yield Embedded(server=server, supervisor=supervisor)


@contextmanager
def kafka_server(directory: Path, *, port: int | None = None) -> Iterator[Embedded]:
    """Apache Kafka, whose jars are downloaded the first time; it finds its data again on another port."""
    server = _kafka(directory, port=port)
    with _running(server) as supervisor:
        yield Embedded(server=server, supervisor=supervisor)


def _postgres(directory: Path, *, durable: bool, port: int | None = None) -> PostgresServer:
    credentials = Credentials.of(directory)
    return PostgresServer(
        directory=directory / "postgres",
        log=directory / "postgres.log",
        port=port or free_port(),
        password=credentials.database_password,
        superuser_password=credentials.postgres_superuser_password,
        durable=durable,
        may_create_databases=True,
    )


def _valkey(directory: Path, *, port: int | None = None) -> ValkeyServer:
    return ValkeyServer(
        directory=directory / "valkey",
        log=directory / "valkey.log",
        port=port or free_port(),
        password=Credentials.of(directory).redis_password,
    )


def _kafka(directory: Path, *, port: int | None = None) -> KafkaServer:
    return KafkaServer(
        directory=directory / "kafka",
        log=directory / "kafka.log",
        port=port or free_port(),
        controller_port=free_port(),
    )


@contextmanager
def _running(*servers: Server) -> Iterator[Supervisor]:
    for _ in run_all([server.prepare for server in servers], at_once=len(servers)):
        pass
    with Supervisor() as supervisor:
        supervisor.start(*(server.process() for server in servers))
        supervisor.await_ready(timeout=START_TIMEOUT)
        yield supervisor


@contextmanager
def _discarding(server: PostgresServer) -> Iterator[None]:
    """Remove the data of a server that need not last: as root it may lie where nobody else would clear it away."""
    try:
        yield
    finally:
        if not server.durable:
            shutil.rmtree(server.directory.resolve(), ignore_errors=True)
