"""RabbitMQ for the suite: the machine's real `rabbitmq-server`, as a node of its own on loopback.

Its name, ports, cookie, folders and port mapper (epmd) are its own, so that it neither meets nor disturbs a RabbitMQ
that the machine runs. Erlang's programs are executed directly: Debian's wrapper insists on its own account and folders.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kombu import Connection
from kombu.transport.pyamqp import Transport

from nova.local.files import write_private
from nova.local.processes.ports import LOOPBACK, free_port
from nova.local.processes.process import ProcessSpec
from nova.local.processes.supervisor import Supervisor
from nova.local.servers.embedded import START_TIMEOUT, Embedded
from nova.local.servers.server import Report, silent
from outbox.bus.base import Failure, OutgoingMessage
from outbox.bus.rabbitmq.bus import RabbitBus
from outbox.bus.rabbitmq.topology import EVERYTHING

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
PASSWORD = "only-for-tests"
# Of a virtual host where a queue that says nothing of its type is a quorum queue.
QUORUM = "quorum"
DEFINITIONS = {
    "users": [{"name": "nova", "password": PASSWORD, "tags": "administrator"}],
    "vhosts": [{"name": "/"}, {"name": QUORUM, "metadata": {"default_queue_type": "quorum"}}],
    "permissions": [
        {"user": "nova", "vhost": host, "configure": ".*", "write": ".*", "read": ".*"} for host in ("/", QUORUM)
    ],
}
CONFIGURATION = """\
listeners.tcp.1 = {host}:{port}
load_definitions = {definitions}
log.console = true
log.console.level = warning
log.file = false
# A machine that is short of memory or disk would make the broker refuse to take messages.
vm_memory_high_watermark.absolute = 4GB
disk_free_limit.absolute = 1MB
"""


def obstacle() -> str | None:
    """Why there can be no RabbitMQ here; None when there can."""
    if not PROGRAM.exists():
        return f"{PROGRAM} is not installed (apt-get install rabbitmq-server)"
    return None if shutil.which("epmd") else "Erlang's epmd is not installed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RabbitServer:
    """A RabbitMQ node with a directory of its own."""

    directory: Path
    log: Path
    port: int
    distribution_port: int
    mapper_port: int

    name = "rabbitmq"

    @property
    def address(self) -> str:
        """The URL."""
        return f"amqp://nova:{PASSWORD}@{LOOPBACK}:{self.port}//"

    def prepare(self, report: Report = silent) -> None:
        """Write the configuration."""
        (self.directory / "home").mkdir(mode=0o700, parents=True, exist_ok=True)
        definitions = self.directory / "definitions.json"
        write_private(definitions, json.dumps(DEFINITIONS))
        write_private(
            self.directory / "rabbitmq.conf",
            CONFIGURATION.format(host=LOOPBACK, port=self.port, definitions=definitions),
        )
        (self.directory / "plugins").write_text("[].\n")

    def mapper(self) -> ProcessSpec:
        """Erlang's port mapper, in the foreground: a node without one would start it as a daemon that stays."""
        program = shutil.which("epmd") or "epmd"
        argv = (program, "-address", LOOPBACK, "-port", str(self.mapper_port), "-relaxed_command_check")
        return ProcessSpec(name="epmd", argv=argv, log=self.log)

    def process(self) -> ProcessSpec:
        """The node."""
        return ProcessSpec(
            name=self.name,
            argv=(str(PROGRAM),),
            environment=self._environment(),
            log=self.log,
            probe=self._waiting_for,
        )

    def _environment(self) -> Mapping[str, str]:
        ours = self.directory
        return {
            # The cookie is made here.
            "HOME": str(ours / "home"),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(self.mapper_port),
            # Lets the script become the node, instead of waiting for it.
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noshell -kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_NODENAME": f"nova-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_CONF_ENV_FILE": str(ours / "none"),
            "RABBITMQ_CONFIG_FILE": str(ours / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(ours / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(ours / "plugins"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(ours / "feature_flags"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(ours / "generated"),
            "RABBITMQ_MNESIA_BASE": str(ours / "data"),
            "RABBITMQ_LOG_BASE": str(ours / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(ours / "pid"),
        }

    def _waiting_for(self) -> str | None:
        try:
            with Connection(self.address, connect_timeout=1) as connection:
                connection.connect()
        except Transport.connection_errors:
            return "starting"
        return None


def where_quorum_is_the_default(address: str) -> str:
    """The address of that virtual host."""
    return f"{address.removesuffix('//')}/{QUORUM}"


def forget_patterns(address: str) -> None:
    """Cut off the groups of earlier tests that follow patterns: they would receive every message."""
    with Connection(address) as connection:
        channel: Any = connection.channel()
        channel.exchange_delete(EVERYTHING)


@contextmanager
def rabbitmq_server(directory: Path) -> Iterator[Embedded]:
    """RabbitMQ, which finds its data again after a crash."""
    server = RabbitServer(
        directory=directory / "rabbitmq",
        log=directory / "rabbitmq.log",
        port=free_port(),
        distribution_port=free_port(),
        mapper_port=free_port(),
    )
    server.prepare()
    with Supervisor() as supervisor:
        supervisor.start(server.mapper())
        supervisor.start(server.process())
        supervisor.await_ready(timeout=START_TIMEOUT)
        yield Embedded(server=server, supervisor=supervisor)


def of_type(topic: str, key: str, event_type: str, body: bytes = b"{}") -> OutgoingMessage:
    """A message of an event type."""
    return OutgoingMessage(topic=topic, key=key.encode(), body=body, headers=(("event_type", event_type.encode()),))


def failures(bus: RabbitBus, *messages: OutgoingMessage) -> list[Failure | None]:
    """What became of each of the messages: None where the broker has taken it."""
    return [result.failure if result else None for result in bus.publish_batch(messages)]
