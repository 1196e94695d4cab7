"""Production set: the programs of docker-compose.yml as processes of this machine, on servers that a test has."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPMessage
from pathlib import Path
from typing import Any

import yaml

from nova.local.processes.ports import LOOPBACK, free_port
from tests.support.outbox import eventually
from tests.support.platform import CHECKOUT

COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]
IMAGE_COMMAND = re.compile(r"^CMD (\[.*\])$", re.MULTILINE)
START_TIMEOUT = 120.0


class Production:
    """Programs by their names in the set, each with the command that it has there."""

    def __init__(self, directory: Path, **environment: str) -> None:
        """`environment` says where the servers are, and whatever else differs."""
        self._directory = directory
        self._environment = {
            "DJANGO_SETTINGS_MODULE": "nova.settings.production",
            "SECRET_KEY": "only-for-this-test",
            "ALLOWED_HOSTS": LOOPBACK,
            "SECURE_SSL_REDIRECT": "0",
            "NOVA_ALLOW_PLAINTEXT_BROKER": "1",
            "NOVA_METRICS_HOST": LOOPBACK,
        } | environment
        self.commands: dict[str, list[str]] = {}
        """Of programs that the set has not, as they would stand in it."""
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.statuses: dict[str, int] = {}
        self.ports: dict[str, int] = {}

    def start(self, *names: str) -> None:
        """Start programs; each keeps the port that it had."""
        for name in names:
            port = self.ports.setdefault(name, free_port())
            environment = {"NOVA_METRICS_PORT": str(0 if name == "web" else port)}
            with (self._directory / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    self._command(name),
                    cwd=CHECKOUT,
                    env={**os.environ, **self._environment, **environment},
                    stdout=log,
                    stderr=log,
                )

    def stop(self, name: str) -> float:
        """Ask it to end as a container is asked to, and wait for that; the seconds that it took, beside its status."""
        began = time.monotonic()
        self.processes[name].send_signal(signal.SIGTERM)
        self.statuses[name] = self.processes[name].wait(60)
        return time.monotonic() - began

    def crash(self, name: str) -> None:
        """End it as a crash does, and start it anew."""
        self.kill(name)
        self.start(name)

    def kill(self, name: str) -> None:
        """End it as a crash does."""
        self.processes[name].kill()
        self.processes[name].wait()

    def revive(self) -> list[str]:
        """Start what has ended by itself, as the set does; the names."""
        ended = [name for name, process in self.processes.items() if process.poll() is not None]
        self.start(*ended)
        return ended

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end; what it says."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=CHECKOUT,
            env={**os.environ, **self._environment},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    def await_web(self) -> None:
        """Wait until the web server answers."""
        eventually(lambda: self.ask("GET", "/health/live")[0] == 200, within=START_TIMEOUT)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, HTTPMessage]:
        """The status and headers of the web server's answer, over a connection of its own; 0 where it gave none.

        Names of headers are found in upper and lower case.
        """
        connection = HTTPConnection(LOOPBACK, self.ports["web"], timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            return 0, HTTPMessage()
        else:
            return answer.status, answer.headers
        finally:
            connection.close()

    def log(self, name: str) -> str:
        """What a program has said."""
        return (self._directory / f"{name}.log").read_text()

    def _command(self, name: str) -> list[str]:
        if name == "web":
            command = json.loads(IMAGE_COMMAND.findall((CHECKOUT / "deploy" / "Dockerfile").read_text())[0])
            here = {"0.0.0.0": LOOPBACK, "8000": str(self.ports[name])}  # noqa: S104 - what stands in the file
        else:
            command = self.commands.get(name) or COMPOSE[name]["command"]
            here = {"--schedule=/tmp/beat-schedule": f"--schedule={self._directory / 'beat'}"}
        program = {"python": [sys.executable], "celery": [sys.executable, "-m", "celery"]}
        return [*program[command[0]], *(here.get(part, part) for part in command[1:])]


def worker_command(name: str, *options: str) -> list[str]:
    """A Celery worker that hosts what its options say, and takes the tasks of a queue that has its name."""
    return [
        *("celery", "--app=nova.celery:app", "--quiet", "worker", "--pool=threads", "--concurrency=1"),
        *(f"--queues={name}", f"--hostname={name}@%h", *options),
    ]


@contextmanager
def production(directory: Path, **environment: str) -> Iterator[Production]:
    """A set of which nothing runs yet; whatever runs at the end is killed."""
    made = Production(directory, **environment)
    try:
        yield made
    finally:
        for process in made.processes.values():
            process.kill()
            process.wait()
