"""PostgreSQL that stays away for as long as a test wants: unlike the supervised one, it is not restarted at once."""

import subprocess
from pathlib import Path

from nova.local.processes.ports import free_port
from nova.local.processes.process import launch_process
from nova.local.servers.postgres import PostgresServer
from tests.support.outbox import eventually


class MortalPostgres:
    """A server with a fixed address, from `start` to `stop`, and from the next `start` on with all its data."""

    def __init__(self, directory: Path) -> None:
        self._server = PostgresServer(
            directory=directory / "postgres",
            log=directory / "postgres.log",
            port=free_port(),
            password="nova",
            superuser_password="nova",
            # What an orderly stop leaves is there again; only a crash of the machine would lose it.
            durable=False,
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._server.prepare()

    @property
    def address(self) -> str:
        """The URL of Nova's role and database."""
        return self._server.address

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        spec = self._server.process()
        self._process = launch_process(spec)
        eventually(lambda: spec.probe() is None, within=60)

    def stop(self) -> None:
        """End it as an operator does, who waits for no transaction."""
        if self._process is not None:
            self._process.send_signal(self._server.process().stop_signal)
            self._process.wait()
