"""Does each service that Nova stands on answer? One function each, which returns, or raises what is wrong.

They use connections of their own, so that they also see what a pool of old connections would hide, and never wait
long. What they raise as `NotReady` is shown to anybody who asks, so it holds no address and no name.
"""

import functools
import os
from typing import Any

import psycopg
from confluent_kafka.admin import AdminClient
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from kit.redis import redis_client
from nova.conf import health_conf
from outbox.bus.factory import rabbit_address
from outbox.bus.kafka.security import KafkaSecurity, client_config
from outbox.bus.rabbitmq.wire import connect
from outbox.conf import outbox_conf

# Seconds that one service may take to answer.
CHECK_TIMEOUT = 1.5


class NotReady(Exception):
    """A part answers, and is not ready."""


def check_database() -> None:
    """PostgreSQL answers, and all migrations are applied."""
    timeout = f"-c statement_timeout={int(CHECK_TIMEOUT * 1_000)}"
    with psycopg.connect(**_connection_parameters(), connect_timeout=2, options=timeout) as connection:
        try:
            applied = set(connection.execute("SELECT app, name FROM django_migrations").fetchall())
        except psycopg.errors.UndefinedTable:
            applied = set()
    if missing := len(known_migrations() - applied):
        raise NotReady(f"{missing} migrations are not applied")


def check_redis() -> None:
    """Redis answers."""
    with redis_client(health_conf().redis_url, timeout=CHECK_TIMEOUT) as client:
        client.ping()


def check_kafka() -> None:
    """A broker of the cluster tells who the others are."""
    conf = outbox_conf()
    _kafka_client(conf.brokers, conf.kafka_security, os.getpid()).list_topics(timeout=CHECK_TIMEOUT)


def check_rabbitmq() -> None:
    """RabbitMQ lets us in."""
    connect(rabbit_address(outbox_conf())).release()


@functools.cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations of the code, which do not change while a process lives."""
    return frozenset(MigrationLoader(None).graph.nodes)


def _connection_parameters() -> dict[str, Any]:
    parameters = connections["default"].get_connection_params()
    ours = ("pool", "prepare_threshold", "server_side_binding", "context", "cursor_factory", "options")
    return {name: value for name, value in parameters.items() if name not in ours}


@functools.cache
def _kafka_client(brokers: str, security: KafkaSecurity, _pid: int) -> AdminClient:
    # By process number, because librdkafka does not survive a fork.
    return AdminClient({**client_config(brokers, security), "socket.timeout.ms": 2_000, "log_level": 0})
