"""Programs: the processes that make Nova beside its servers, as data."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from kit.stop import BEAT_STOP, LOOPS_STOP, WEB_STOP
from nova.local.processes.ports import LOOPBACK
from nova.local.processes.process import ProcessSpec

# Seconds that each program takes at most to end after SIGTERM. Whoever may end it by force grants it more than that.
STOP_TIMES: Mapping[str, float] = {
    "web": WEB_STOP,
    "relay": LOOPS_STOP,
    "consumers": LOOPS_STOP,
    "worker": LOOPS_STOP,
    "beat": BEAT_STOP,
}
GRANTED_BEYOND = 3.0  # seconds

CONSUMER_GROUPS = (
    *("feed-service", "search-service", "analytics-service", "content-service"),
    *("order-service", "order-fulfilment", "inventory-service", "payment-service"),
    *("identity-service", "moderation-service", "account-deletion", "media-service", "messaging-service"),
)
TOKEN_SCOPES = ("events:append", "events:read", "commands:execute", "read-models:read")

# Threads, not processes: librdkafka does not survive a fork.
CELERY = ("-m", "celery", "--app", "nova.celery:app", "--quiet")
WORKER = (*CELERY, "worker", "--pool", "threads", "--without-gossip", "--without-mingle")

PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "web": ("-m", "nova.server", "--host", LOOPBACK, "--port", "{port}"),
    "relay": ("-m", "nova", "relay"),
    "consumers": (
        *(*WORKER, "--concurrency", "1", "--queues", "consumers", "--hostname", "consumers@%h"),
        *("--consumers", ",".join(CONSUMER_GROUPS)),
    ),
    "worker": (*WORKER, "--concurrency", "4", "--hostname", "worker@%h", "--runners", "projections,sagas"),
    "beat": (*CELERY, "beat", "--schedule", "{directory}/beat-schedule", "--pidfile", ""),
}

# What is done before the programs run, or once they do; each does nothing when it has been done.
MIGRATE = ("-m", "nova", "migrate", "--noinput")
TOPICS = ("-m", "nova", "topics")
ACCOUNT = ("-m", "nova.local.operator_account")
TOKEN = ("-m", "nova", "token", "create", "local", *(part for scope in TOKEN_SCOPES for part in ("--scope", scope)))
DEMO_DATA = ("-m", "nova", "seed_demo")


def program_specs(
    *, directory: Path, port: int, environment: Mapping[str, str], probe: Callable[[], str | None]
) -> list[ProcessSpec]:
    """The programs as processes, all of which are ready when the platform is; the web process tells why it is not."""

    def probe_quietly() -> str | None:
        return "running" if probe() else None

    return [
        ProcessSpec(
            name=name,
            argv=(sys.executable, *(part.format(port=port, directory=directory) for part in arguments)),
            environment={
                **environment,
                "NOVA_PROCESS": name,
                "PROMETHEUS_MULTIPROC_DIR": str(metrics_directory(directory)),
                # One port cannot be that of several processes of a machine, and the web server shows the sum.
                "NOVA_METRICS_PORT": "0",
            },
            log=log_of(directory, name),
            probe=probe if name == "web" else probe_quietly,
            grace=STOP_TIMES[name] + GRANTED_BEYOND,
        )
        for name, arguments in PROGRAMS.items()
    ]


def step_spec(name: str, arguments: tuple[str, ...], *, directory: Path, environment: Mapping[str, str]) -> ProcessSpec:
    """A Python program that does one thing and ends."""
    return ProcessSpec(
        name=name, argv=(sys.executable, *arguments), environment=environment, log=log_of(directory, name)
    )


def metrics_directory(directory: Path) -> Path:
    """Where the programs keep their counters, which the web server sums up for Prometheus."""
    return directory / "metrics"


def log_of(directory: Path, name: str) -> Path:
    """Where a process of this data directory logs."""
    return directory / "logs" / f"{name.replace(' ', '-')}.log"
