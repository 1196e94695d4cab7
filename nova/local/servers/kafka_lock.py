"""Kafka's lock file: dependencies are resolved anew, downloaded, and written down with their SHA-256.

    python -m nova.local.servers.kafka_lock

The lock names coordinates and no addresses.
"""

import hashlib
import tempfile
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver

from nova.local.servers.kafka_jars import LOCK, NETWORK_TIMEOUT

ROOTS = ("org.apache.kafka:kafka_2.13:4.3.1", "org.slf4j:slf4j-simple:1.7.36")
HEADER = "# Apache Kafka and what it needs: group:artifact:version:sha256. Written by nova.local.servers.kafka_lock."


def resolve() -> list[str]:
    """One line for each artifact that the roots need at run time, sorted."""
    with tempfile.TemporaryDirectory() as repository:
        context = MavenContext(PythonResolver(), Path(repository), timeout=NETWORK_TIMEOUT)
        direct, transitive = context.resolver.resolve([context.create_dependency(root) for root in ROOTS])
        lines = []
        for dependency in (*direct, *transitive):
            content = dependency.artifact.resolve().read_bytes()
            coordinate = (dependency.groupId, dependency.artifactId, dependency.version)
            lines.append(":".join((*coordinate, hashlib.sha256(content).hexdigest())))
    return sorted(lines)


if __name__ == "__main__":
    LOCK.write_text("\n".join((HEADER, *resolve())) + "\n")
