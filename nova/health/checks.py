"""Health checks: whether each service that Nova stands on answers. One function each, which raises what is wrong.

They use connections of their own, so that they also see what a pool of old connections would hide, and never wait
long. What they raise as `NotReady` is shown to anybody who asks, so it holds no address and no name.
"""

import functools
from typing import Any

import psycopg
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from kit.postgresql.connections import require_pool
from kit.postgresql.poolers import SessionNotKept, require_kept
from kit.postgresql.sessions import reads_only
from kit.redis import redis_client
from nova.conf import nova_conf
from outbox.api import configured_bus

# Seconds that one service may take to answer.
CHECK_TIMEOUT = 1.5
# Seconds for each host of the database; the least that libpq knows.
CONNECT_TIMEOUT = 2
# Seconds that the pool may take to make a connection, as it does within a second of the server's return.
POOL_TIMEOUT = 1.0


class NotReady(Exception):
    """A part answers, and is not ready."""


def check_database() -> None:
    """PostgreSQL answers and takes writes, sessions are kept, and requests get connections.

    All migrations are applied, and no sequence is behind its rows.
    """
    with psycopg.connect(**_connection_parameters()) as connection:
        try:
            require_kept(connection)
        except SessionNotKept as error:
            raise NotReady(str(error)) from None
        # A setting of the session, so that options of the connection that an operator has chosen stay as they are.
        connection.execute("SELECT set_config('statement_timeout', %s, false)", [str(int(CHECK_TIMEOUT * 1_000))])
        try:
            applied = set(connection.execute("SELECT app, name FROM django_migrations").fetchall())
        except psycopg.errors.UndefinedTable:
            applied = set()
        if reads_only(connection):
            raise NotReady("only reads: it is a standby, or set to read only")
        if missing := len(known_migrations() - applied):
            raise NotReady(f"{missing} migrations are not applied")
        if behind := len(connection.execute("SELECT table_name FROM sequences_behind()").fetchall()):
            raise NotReady(f"{behind} sequences are behind their rows; run manage.py repair_sequences")
    require_pool(timeout=POOL_TIMEOUT)


def check_redis() -> None:
    """Redis answers."""
    with redis_client(nova_conf().redis_url, timeout=CHECK_TIMEOUT) as client:
        client.ping()


def check_broker() -> None:
    """The broker answers. Raises `Unsupported` where there is none that could be away."""
    configured_bus().ping(timeout=CHECK_TIMEOUT)


@functools.cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations of the code, which do not change while a process lives."""
    return frozenset(MigrationLoader(None).graph.nodes)


def _connection_parameters() -> dict[str, Any]:
    parameters = connections["default"].get_connection_params()
    ours = ("pool", "prepare_threshold", "server_side_binding", "context", "cursor_factory")
    return {name: value for name, value in parameters.items() if name not in ours} | {
        "connect_timeout": CONNECT_TIMEOUT
    }
