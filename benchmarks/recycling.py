"""Recycled WAL: a new PostgreSQL fills each segment of its log with zeros before it writes there, an old one recycles.

On a new cluster that is a tenth of what a large append costs, and falls upon whoever writes more. A server that has run
for a while has its segments; so has one after this.
"""

import psycopg

from nova.local.servers.embedded import Embedded
from nova.local.servers.postgres import PostgresServer

SEGMENTS = "1GB"
MEGABYTES = 1_000


def as_after_a_while(postgres: Embedded) -> None:
    """Write so much that the next gigabyte of log finds its segments there, and no checkpoint comes by time."""
    assert isinstance(postgres.server, PostgresServer)
    with psycopg.connect(postgres.server.superuser_address, autocommit=True) as superuser:
        superuser.execute(psycopg.sql.SQL("ALTER SYSTEM SET min_wal_size = {}").format(SEGMENTS))
        superuser.execute("ALTER SYSTEM SET checkpoint_timeout = '1h'")
        superuser.execute("SELECT pg_reload_conf()")
        for _ in range(MEGABYTES):
            superuser.execute("SELECT pg_logical_emit_message(false, 'benchmark', repeat('x', 1000000))")
        superuser.execute("CHECKPOINT")
