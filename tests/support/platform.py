"""Whole platform: a test uses Nova started as somebody at a terminal would start it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from nova.local.processes.ports import free_port

CHECKOUT = Path(__file__).parents[2]
START = 180  # seconds; the first start may download Kafka
STOP = 60


class Nova:
    """An `up` in a process of its own."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.output: list[str] = []
        self.process = subprocess.Popen(
            [
                *(sys.executable, "manage.py", "up"),
                *(f"--data-dir={directory}", f"--port={free_port()}", "--no-demo", *options),
            ],
            cwd=CHECKOUT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def await_ready(self) -> dict[str, Any]:
        """Read its output up to the line that says so; what `services.json` says then."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.output.append(line)
            if line.strip() == "Nova is ready":
                return self.services()
        pytest.fail("Nova did not become ready:\n" + "".join(self.output))

    def services(self) -> dict[str, Any]:
        """What `services.json` says now."""
        services: dict[str, Any] = json.loads((self.directory / "services.json").read_text())
        return services

    def stop(self, number: signal.Signals) -> int:
        """Send a signal; the exit status."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=STOP)
        self.output.append(rest)
        return self.process.returncode

    def crash(self, name: str) -> None:
        """End one of its processes with SIGKILL and wait until the supervisor has started it again."""
        pid = self.services()["processes"][name]
        os.kill(pid, signal.SIGKILL)
        await_true(lambda: self.services()["processes"][name] != pid, what=f"a new {name}")

    def is_ready(self) -> bool:
        """Whether everything that must run does."""
        try:
            address = f"{self.services()['web_url']}/health/ready"
            with urllib.request.urlopen(address, timeout=10) as response:  # noqa: S310 - our own
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def running(directory: Path, *options: str) -> Iterator[tuple[Nova, dict[str, Any]]]:
    """An `up` that is ready; however the block ends, it is stopped."""
    nova = Nova(directory, *options)
    try:
        yield nova, nova.await_ready()
    finally:
        if nova.process.poll() is None:
            nova.stop(signal.SIGTERM)
        assert nova.process.stdout
        nova.process.stdout.close()


def environment(**more: str) -> dict[str, str]:
    """This process's, without what would take the place of an embedded service."""
    ours = ("DATABASE_URL", "REDIS_URL", "KAFKA_BROKERS", "NOVA_DATA_DIR", "DJANGO_SETTINGS_MODULE")
    return {name: value for name, value in os.environ.items() if name not in ours} | more


def manage(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a management command to its end; `more` joins its environment."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=CHECKOUT,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=START,
    )


def await_true(condition: Callable[[], bool], *, what: str, timeout: float = 60) -> None:
    """Wait until a condition outside of this process holds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come within {timeout:.0f} s")
        time.sleep(0.05)


def assert_all_gone(services: dict[str, Any], directory: Path) -> None:
    """Fail if any process of a stopped Nova is left."""
    processes = [psutil.Process(pid) for pid in services["processes"].values() if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(processes, timeout=STOP)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    assert not [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(directory) in part for part in process.info["cmdline"] or ())
    ]
