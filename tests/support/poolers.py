"""PgBouncer for the suite: the machine's real `pgbouncer` on loopback, in front of a database, in a mode of its own."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from nova.local.processes.ports import LOOPBACK, free_port
from nova.local.processes.unprivileged import unprivileged_user
from tests.support.outbox import eventually

PROGRAM = Path("/usr/sbin/pgbouncer")
CONFIGURATION = """\
[databases]
nova = {database}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = 20
"""


def obstacle() -> str | None:
    """Why there can be no PgBouncer here; None when there can."""
    return None if PROGRAM.exists() else f"{PROGRAM} is not installed (apt-get install pgbouncer)"


@contextmanager
def pgbouncer(database_url: str, *, mode: str) -> Iterator[str]:
    """A pooler in front of a database; its URL."""
    port, user = free_port(), unprivileged_user()
    database = " ".join(f"{name}={value}" for name, value in conninfo_to_dict(database_url).items())
    with tempfile.TemporaryDirectory(prefix="nova-pooler-") as directory:
        configuration = Path(directory) / "pgbouncer.ini"
        configuration.write_text(CONFIGURATION.format(database=database, host=LOOPBACK, port=port, mode=mode))
        account: dict[str, Any] = {}
        if user:
            # It refuses to run as root.
            account = {"user": user.uid, "group": user.gid, "extra_groups": []}
            for path in (directory, configuration):
                os.chown(path, user.uid, user.gid)
        process = subprocess.Popen([PROGRAM, "--quiet", configuration], **account)
        try:
            eventually(lambda: answers(port))
            yield f"postgresql://nova@{LOOPBACK}:{port}/nova"
        finally:
            process.terminate()
            process.wait()


def answers(port: int) -> bool:
    """Whether anybody listens there."""
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, port)) == 0
