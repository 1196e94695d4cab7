"""Backing servers: those that a platform starts itself, and those that the environment gives it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nova.local.credentials import Credentials
from nova.local.processes.ports import PortBook
from nova.local.processes.programs import log_of
from nova.local.servers.kafka import KafkaServer
from nova.local.servers.mock_server import MockServer
from nova.local.servers.postgres import PostgresServer
from nova.local.servers.server import Server
from nova.local.servers.valkey import ValkeyServer

Broker = Literal["kafka", "mock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """What Nova stands on: where its services are, and those of them that have to be started."""

    #: By the name of the variable that tells a program: `DATABASE_URL`, `REDIS_URL`, `KAFKA_BROKERS`.
    addresses: Mapping[str, str]
    servers: tuple[Server, ...]


def backing_for(
    directory: Path, *, broker: Broker, credentials: Credentials, environment: Mapping[str, str]
) -> Backing:
    """An embedded server for each service whose variable is not set in the environment."""
    ports = PortBook(directory / "ports.json")
    embedded: dict[str, Callable[[], Server]] = {
        "DATABASE_URL": lambda: PostgresServer(
            directory=directory / "postgres",
            log=log_of(directory, "postgres"),
            port=ports.port("postgres"),
            password=credentials.database_password,
            superuser_password=credentials.postgres_superuser_password,
        ),
        "REDIS_URL": lambda: ValkeyServer(
            directory=directory / "valkey",
            log=log_of(directory, "valkey"),
            port=ports.port("valkey"),
            password=credentials.redis_password,
        ),
        "KAFKA_BROKERS": lambda: _broker(directory, broker, ports),
    }
    servers = {variable: create() for variable, create in embedded.items() if not environment.get(variable)}
    given = {variable: environment[variable] for variable in embedded if variable not in servers}
    return Backing(
        addresses=given | {variable: server.address for variable, server in servers.items()},
        servers=tuple(servers.values()),
    )


def _broker(directory: Path, broker: Broker, ports: PortBook) -> Server:
    if broker == "mock":
        return MockServer(log=log_of(directory, "mock broker"), port=ports.port("kafka"))
    return KafkaServer(
        directory=directory / "kafka",
        log=log_of(directory, "kafka"),
        port=ports.port("kafka"),
        controller_port=ports.port("kafka controller"),
    )
