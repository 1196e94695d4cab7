"""PostgreSQL that stays away for as long as a test wants: unlike the supervised one, it is not restarted at once."""

import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from nova.local.processes.ports import free_port
from nova.local.processes.process import launch_process
from nova.local.servers.postgres import PostgresServer
from tests.support.outbox import eventually


class MortalPostgres:
    """A server with a fixed address, from `start` to `stop`, and from the next `start` on with all its data."""

    def __init__(self, directory: Path, *, durable: bool = False, server: PostgresServer | None = None) -> None:
        """What an orderly stop leaves is there again; only one that is `durable` bears a kill.

        It is the `server`, where one is given.
        """
        self._server = server or PostgresServer(
            directory=directory / "postgres",
            log=directory / "postgres.log",
            port=free_port(),
            password="nova",
            superuser_password="nova",
            durable=durable,
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._server.prepare()

    @property
    def address(self) -> str:
        """The URL of Nova's role and database."""
        return self._server.address

    @property
    def superuser_address(self) -> str:
        """The URL of who may do everything."""
        return self._server.superuser_address

    def configure(self, **settings: str) -> None:
        """Change the server's own settings, which hold from its next start on."""
        with psycopg.connect(self.superuser_address, autocommit=True) as connection:
            for name, value in settings.items():
                change = sql.SQL("ALTER SYSTEM SET {} = {}")
                connection.execute(change.format(sql.Identifier(name), sql.Literal(value)))

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        spec = self._server.process()
        self._process = launch_process(spec)
        process = self._process
        eventually(lambda: spec.probe() is None, within=60, lacking=lambda: f"it has ended: {process.poll()}")

    def stop(self) -> None:
        """End it as an operator does, who waits for no transaction."""
        if self._process is not None:
            self._process.send_signal(self._server.process().stop_signal)
            self._process.wait()

    def kill(self) -> None:
        """End all of its processes at once, as a crash of its machine would, but for what the kernel has by then."""
        if self._process is not None:
            server = psutil.Process(self._process.pid)
            # Else it might start one more between the look and its end, which would keep the next server from starting.
            server.suspend()
            for process in (server, *server.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self._process.wait()
