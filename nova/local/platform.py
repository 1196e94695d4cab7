"""Local platform: all of Nova on one machine; servers first, then what prepares the database, then the programs."""

import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from nova.local import services
from nova.local.credentials import Credentials, database_key
from nova.local.display import Display, display_on
from nova.local.exceptions import UnreachableDirectoryError
from nova.local.identity import start_mark
from nova.local.operator_account import USER
from nova.local.processes import programs
from nova.local.processes.health import Readiness
from nova.local.processes.interruption import interruptible
from nova.local.processes.lock import exclusive
from nova.local.processes.parallel import run_all
from nova.local.processes.ports import LOOPBACK, require_free
from nova.local.processes.supervisor import Supervisor
from nova.local.servers.running import Broker, backing_for
from nova.local.servers.server import Server
from nova.local.services import Admin, Services
from nova.local.steps import Steps

SERVERS_TIMEOUT = 60.0  # seconds
PROGRAMS_TIMEOUT = 90.0
# Bytes from which a log is put aside at the next start, in the place of the one before.
LARGE_LOG = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `up` can be told."""

    directory: Path
    #: Of the web server.
    port: int = 8000
    broker: Broker = "kafka"
    #: Whether a new data directory gets the little set of demonstration data.
    demo_data: bool = True


class Platform:
    """Nova on a data directory."""

    def __init__(self, options: Options, *, console: Console) -> None:
        """`console` shows the progress of the start."""
        self._options = options
        self._directory = options.directory
        self._console = console
        self._announced: Services | None = None
        self._announcing = threading.Lock()

    @contextmanager
    def running(self) -> Iterator[Services]:
        """Nova, ready, for as long as the block lasts; however the block ends, all of it stops in order.

        Raises:
            LocalError: with one clear line: a busy port or directory, no download, a process that does not start.
            Interrupted: on Ctrl-C or SIGTERM, before or within the block.
        """
        prepare_directory(self._directory)
        with exclusive(self._directory), interruptible() as interruption:
            require_free(self._options.port, option="--port")
            with Supervisor(on_start=self._on_start) as supervisor:
                try:
                    with display_on(self._console) as display:
                        started = self._start(supervisor, display)
                    yield started
                finally:
                    interruption.ignore_further()
                    self._withdraw()

    def _start(self, supervisor: Supervisor, display: Display) -> Services:
        credentials = Credentials.of(self._directory)
        backing = backing_for(
            self._directory, broker=self._options.broker, credentials=credentials, environment=os.environ
        )
        start_servers(supervisor, backing.servers, display)
        steps = Steps(
            directory=self._directory,
            environment={
                **backing.addresses,
                "SECRET_KEY": credentials.secret_key,
                "NOVA_DATA_DIR": str(self._directory),
                "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "nova.settings.local"),
            },
            display=display,
        )
        steps.run_together(migrate=programs.MIGRATE, topics=programs.TOPICS)
        # Counters begin at nought with each start, as those of a process do.
        metrics = programs.metrics_directory(self._directory)
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir(mode=0o700)
        api_token = steps.ensure_access(credentials, database=database_key(os.environ.get("DATABASE_URL")))
        web_url = f"http://{LOOPBACK}:{self._options.port}"
        specs = programs.program_specs(
            directory=self._directory,
            port=self._options.port,
            environment=steps.environment,
            probe=Readiness(web_url),
        )
        supervisor.start(*specs)
        supervisor.await_ready(timeout=PROGRAMS_TIMEOUT, report=display.show)
        announced = Services(
            database_url=backing.addresses["DATABASE_URL"],
            redis_url=backing.addresses["REDIS_URL"],
            kafka_brokers=backing.addresses["KAFKA_BROKERS"],
            web_url=web_url,
            admin=Admin(user=USER, password=credentials.admin_password),
            api_token=api_token,
            processes=supervisor.processes,
            supervisor_pid=os.getpid(),
            supervisor_mark=start_mark(os.getpid()) or "",
        )
        self._announce(announced)
        steps.load_demo_data(wanted=self._options.demo_data)
        return announced

    def _announce(self, announced: Services) -> None:
        with self._announcing:
            self._announced = announced
            services.write(self._directory, announced)

    def _withdraw(self) -> None:
        with self._announcing:
            self._announced = None
            services.remove(self._directory)

    def _on_start(self, name: str, pid: int) -> None:
        with self._announcing:
            if self._announced and self._announced.processes.get(name) != pid:
                self._announced = self._announced.with_process(name, pid)
                services.write(self._directory, self._announced)


def prepare_directory(directory: Path) -> None:
    """Create the data directory, which keeps itself out of version control.

    Raises:
        UnreachableDirectoryError: it can't be created or written.
    """
    logs = directory / "logs"
    try:
        # As root, PostgreSQL's own user has to pass through; every file with a secret in it is mode 600 besides.
        directory.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        logs.mkdir(mode=0o700, exist_ok=True)
        (directory / ".gitignore").write_text("*\n")
    except OSError as error:
        raise UnreachableDirectoryError(
            f"{directory} can't hold Nova's data ({error.strerror}). Choose another directory with --data-dir."
        ) from error
    for log in logs.glob("*.log"):
        if log.stat().st_size > LARGE_LOG:
            log.replace(log.with_suffix(".log.1"))


def start_servers(supervisor: Supervisor, servers: Sequence[Server], display: Display) -> None:
    """Prepare servers side by side, then start them as one stage and wait until they are ready."""

    def prepare(server: Server) -> None:
        display.show(server.name, "preparing")
        server.prepare(partial(display.show, server.name))

    for _ in run_all([partial(prepare, server) for server in servers], at_once=len(servers)):
        pass
    supervisor.start(*(server.process() for server in servers))
    supervisor.await_ready(timeout=SERVERS_TIMEOUT, report=display.show)
