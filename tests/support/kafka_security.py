"""Kafka with authentication: the embedded one, with two listeners more, over SASL and TLS."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nova.local.processes.ports import LOOPBACK, free_port
from nova.local.processes.supervisor import Supervisor
from nova.local.servers.embedded import START_TIMEOUT
from nova.local.servers.kafka import KafkaServer
from nova.local.servers.server import Report, silent

PASSWORD = "Only-for-tests-1"
LISTENERS = """
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller},SASL_SSL://{host}:{sasl_port},SSL://{host}:{tls_port}
advertised.listeners=PLAINTEXT://{host}:{port},SASL_SSL://{host}:{sasl_port},SSL://{host}:{tls_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
ssl.keystore.type=PEM
ssl.keystore.location={broker}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_nova="{password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=true
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """An authority and what it vouches for, as PEM files."""

    authority: Path
    broker: Path
    """Key and certificate in one."""
    client: Path
    client_key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SecuredKafka(KafkaServer):
    """Kafka with listeners that want a password, or a certificate, over TLS; the plain one serves its own start."""

    certificates: Certificates
    sasl_port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)

    @property
    def sasl_address(self) -> str:
        """Wants a password."""
        return f"{LOOPBACK}:{self.sasl_port}"

    @property
    def tls_address(self) -> str:
        """Wants a certificate."""
        return f"{LOOPBACK}:{self.tls_port}"

    def prepare(self, report: Report = silent) -> None:
        """Format the directory, then add the listeners."""
        KafkaServer.prepare(self, report)
        with self._configuration.open("a") as configuration:
            configuration.write(
                LISTENERS.format(
                    host=LOOPBACK,
                    port=self.port,
                    controller=self.controller_port,
                    sasl_port=self.sasl_port,
                    tls_port=self.tls_port,
                    broker=self.certificates.broker,
                    authority=self.certificates.authority,
                    password=PASSWORD,
                )
            )


@contextmanager
def secured_kafka(directory: Path) -> Iterator[SecuredKafka]:
    """A Kafka that lets nobody in unknown."""
    server = SecuredKafka(
        directory=directory / "kafka",
        log=directory / "kafka.log",
        port=free_port(),
        controller_port=free_port(),
        certificates=certificates(directory),
    )
    server.prepare()
    with Supervisor() as supervisor:
        supervisor.start(server.process())
        supervisor.await_ready(timeout=START_TIMEOUT)
        yield server


def certificates(directory: Path, *, name: str = "authority") -> Certificates:
    """Made anew, by an authority that nobody else knows."""
    authority, authority_key = directory / f"{name}.pem", directory / f"{name}.key"
    _openssl(*("req", "-x509", *_new_key(authority_key), "-days", "2", "-subj", f"/CN={name}"), "-out", str(authority))
    made = {}
    for subject in ("broker", "client"):
        key, certificate = directory / f"{name}-{subject}.key", directory / f"{name}-{subject}.pem"
        _openssl(
            *("req", "-x509", *_new_key(key), "-days", "2", "-subj", f"/CN={subject}"),
            *("-CA", str(authority), "-CAkey", str(authority_key)),
            *("-addext", f"subjectAltName=IP:{LOOPBACK}", "-addext", "basicConstraints=critical,CA:FALSE"),
            *("-out", str(certificate)),
        )
        made[subject] = (certificate, key)
    both = directory / f"{name}-broker-both.pem"
    both.write_text("".join(path.read_text() for path in reversed(made["broker"])))
    return Certificates(authority=authority, broker=both, client=made["client"][0], client_key=made["client"][1])


def _new_key(path: Path) -> tuple[str, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", str(path))


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)  # noqa: S607 - wherever it is
