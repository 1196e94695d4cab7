"""Prometheus: a real one with the configuration of the production set, on ports of this machine."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml

from nova.local.processes.ports import LOOPBACK, free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
PROGRAM = shutil.which("prometheus")
needs_prometheus = pytest.mark.skipif(
    PROGRAM is None, reason="NOT PROVED: prometheus is not installed (apt-get install prometheus)"
)


class Prometheus:
    """One that runs."""

    def __init__(self, port: int) -> None:
        self._port = port

    def alerts(self, name: str) -> list[dict[str, Any]]:
        """The alerts of this name that are pending or firing."""
        try:
            with urlopen(f"http://{LOOPBACK}:{self._port}/api/v1/alerts", timeout=5) as answer:
                found: list[dict[str, Any]] = json.load(answer)["data"]["alerts"]
        except URLError:
            return []
        return [alert for alert in found if alert["labels"]["alertname"] == name]


@contextmanager
def prometheus(directory: Path, jobs: dict[str, list[int]], **changes: Any) -> Iterator[Prometheus]:
    """A Prometheus with the rules of the production set, which scrapes ports of this machine by the names of its jobs.

    Intervals are those of the production set unless `changes` says otherwise.
    """
    port = free_port()
    configuration = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    configuration["global"] |= changes
    configuration["rule_files"] = [str(DEPLOY / "alerts.yml")]
    configuration["scrape_configs"] = [
        {"job_name": job, "static_configs": [{"targets": [f"{LOOPBACK}:{one}" for one in ports]}]}
        for job, ports in jobs.items()
    ]
    (directory / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    command = [
        str(PROGRAM),
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'prometheus'}",
        f"--web.listen-address={LOOPBACK}:{port}",
    ]
    with (
        (directory / "prometheus.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            yield Prometheus(port)
        finally:
            process.kill()
