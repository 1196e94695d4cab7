"""Apache Kafka that stays away for as long as a test wants: unlike the supervised one, it is not restarted at once."""

import subprocess
from pathlib import Path

from nova.local.processes.ports import free_port
from nova.local.servers.kafka import KafkaServer
from tests.support.outbox import eventually


class MortalKafka:
    """A broker with a fixed address, from `start` to `kill`, and from the next `start` on with all its data."""

    def __init__(self, directory: Path) -> None:
        self._server = KafkaServer(
            directory=directory / "kafka",
            log=directory / "kafka.log",
            port=free_port(),
            controller_port=free_port(),
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._server.prepare()

    @property
    def address(self) -> str:
        """The bootstrap server."""
        return self._server.address

    def start(self) -> None:
        """Start it, and wait until it answers."""
        spec = self._server.process()
        with self._server.log.open("ab") as log:
            self._process = subprocess.Popen(spec.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(lambda: spec.probe() is None, within=60)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait()
