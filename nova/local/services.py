"""Running services: `services.json` in the data directory names what `up` has started, while it runs.

Settings read this module, so it does not import Django.
"""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from nova.local.files import write_private
from nova.local.identity import start_mark

FILE_NAME = "services.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """The operator's account."""

    user: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a script or a tool needs to use a running Nova."""

    #: `postgresql://user:password@host:port/name`
    database_url: str
    #: `redis://:password@host:port/database`
    redis_url: str
    #: `host:port`, comma-separated
    kafka_brokers: str
    #: Without a trailing slash.
    web_url: str
    admin: Admin
    #: May append and read.
    api_token: str
    #: Name to process number, in the order of start.
    processes: dict[str, int]
    #: The process of `up` itself, and what tells it from a later one with the same number.
    supervisor_pid: int
    supervisor_mark: str

    def with_process(self, name: str, pid: int) -> "Services":
        """The same services after one of the processes was restarted."""
        return replace(self, processes={**self.processes, name: pid})


def data_directory() -> Path:
    """`NOVA_DATA_DIR`, or `.nova` below the current directory; absolute."""
    return Path(os.environ.get("NOVA_DATA_DIR") or ".nova").expanduser().absolute()


def running_services(directory: Path | None = None) -> Services | None:
    """The services of the `up` that runs on a data directory; None when none does.

    A file that a killed `up` left behind counts as none.
    """
    path = (directory or data_directory()) / FILE_NAME
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, PermissionError):
        return None
    if start_mark(content["supervisor_pid"]) != content["supervisor_mark"]:
        return None
    return Services(**content | {"admin": Admin(**content["admin"])})


def write(directory: Path, services: Services) -> None:
    """Tell every other command where the services are; only the owner may read it."""
    write_private(directory / FILE_NAME, json.dumps(asdict(services), indent=2) + "\n")


def remove(directory: Path) -> None:
    """Tell every other command that the services are gone."""
    (directory / FILE_NAME).unlink(missing_ok=True)
