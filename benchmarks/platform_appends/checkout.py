"""Platform of a checkout: all that `make up` runs, of this checkout or another one, on a data directory of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
from msgspec import Struct, field
from psycopg import sql

from nova.local.credentials import Credentials
from nova.local.processes.ports import LOOPBACK, free_port

START_TIMEOUT, STOP_TIMEOUT = 180.0, 60.0
POLL_INTERVAL = 0.2
# What would name other servers, or other settings, than those that the platform chooses for itself.
ELSEWHERE = ("DATABASE_URL", "REDIS_URL", "KAFKA_BROKERS", "DJANGO_SETTINGS_MODULE", "NOVA_STREAM_CACHE_EVENTS")


class Running(Struct, kw_only=True):
    """A platform that runs."""

    name: str
    port: int
    token: str
    database_url: str
    brokers: str
    directory: Path
    processes: dict[str, int] = field(default_factory=dict)
    """Process number by name, the servers included."""


@contextmanager
def running_platform(checkout: Path, directory: Path, *, name: str, mail_port: int) -> Iterator[Running]:
    """All of Nova as the checkout has it, ready, and its database telling when what was committed.

    Orders write mails, which a server at `mail_port` is to take.
    """
    environment = {key: value for key, value in os.environ.items() if key not in ELSEWHERE}
    environment |= {"NOVA_DATA_DIR": str(directory), "NOVA_API_RATE": "1000000/s", "LOG_LEVEL": "WARNING"}
    environment |= {"EMAIL_HOST": LOOPBACK, "EMAIL_PORT": str(mail_port)}
    # A checkout's code, whatever this process has on its path.
    environment.pop("PYTHONPATH", None)
    port = free_port()
    command = [sys.executable, "manage.py", "up", "--no-demo", "--data-dir", str(directory), "--port", str(port)]
    with subprocess.Popen(command, cwd=checkout, env=environment, stdout=subprocess.DEVNULL) as platform:
        try:
            services = _await_start(platform, directory)
            running = Running(
                name=name,
                port=port,
                token=services["api_token"],
                database_url=services["database_url"],
                brokers=services["kafka_brokers"],
                directory=directory,
            )
            _keep_commit_times(running, services["processes"]["postgres"])
            _await_ready(running)
            running.processes = _services(directory)["processes"]
            yield running
        finally:
            platform.send_signal(signal.SIGTERM)
            platform.wait(STOP_TIMEOUT)


def _await_start(platform: subprocess.Popen[bytes], directory: Path) -> Any:
    give_up = time.monotonic() + START_TIMEOUT
    while platform.poll() is None and time.monotonic() < give_up:
        if (directory / "demo-data-decided").exists():
            return _services(directory)
        time.sleep(POLL_INTERVAL)
    raise RuntimeError(f"the platform did not start; its logs are in {directory / 'logs'}")


def _services(directory: Path) -> Any:
    return json.loads((directory / "services.json").read_text())


def _keep_commit_times(running: Running, postmaster: int) -> None:
    """PostgreSQL says of each row when it was committed; for that it has to be started again, which costs nothing."""
    password = Credentials.of(running.directory).postgres_superuser_password
    url = psycopg.conninfo.make_conninfo(running.database_url, user="postgres", password=password, dbname="postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER SYSTEM SET track_commit_timestamp = on"))
    server = psutil.Process(postmaster)
    server.send_signal(signal.SIGINT)
    server.wait(STOP_TIMEOUT)


def _await_ready(running: Running) -> None:
    give_up = time.monotonic() + START_TIMEOUT
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{running.port}/health/ready", timeout=5):
                return
        except OSError:
            time.sleep(POLL_INTERVAL)
    raise RuntimeError(f"the platform is not ready; its logs are in {running.directory / 'logs'}")
