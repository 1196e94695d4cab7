"""The log of each program of the production set: JSON in every line, under its own name, and few lines of an outage."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from nova.local.processes.ports import LOOPBACK, free_port
from nova.local.processes.programs import CONSUMER_GROUPS
from tests.support.outbox import eventually, unique, url_of_test_database

ROOT = Path(__file__).parents[4]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
# What each says once it has begun.
BEGUN = {
    "server": "Uvicorn running on",
    "relay": "counters can be scraped",
    "consumers": "partitions assigned",
    "worker": "ready.",
    "beat": "beat: Starting...",
}


@pytest.fixture
def environment(committed_db: None, redis_url: str, kafka_brokers: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "nova.settings.test",
        "PYTHONUNBUFFERED": "1",
        "LOG_FORMAT": "json",
        "DATABASE_URL": url_of_test_database(),
        "REDIS_URL": redis_url,
        "KAFKA_BROKERS": kafka_brokers,
        "KAFKA_TOPIC_PREFIX": unique("test"),
    }


def command(program: str, directory: Path) -> list[str]:
    """As docker-compose.yml has it, or the image where it has none."""
    if program == "server":
        return [sys.executable, "-m", "nova.server", "--port", str(free_port())]
    name, *arguments = SERVICES[program]["command"]
    words = [word.replace("/tmp", str(directory)) for word in arguments]  # noqa: S108 - in the container
    return [sys.executable, *(("-m", "celery") if name == "celery" else ()), *words]


@contextmanager
def started(program: str, environment: dict[str, str], directory: Path) -> Iterator[Path]:
    """The program with its log, until it has ended as it is asked to."""
    log = directory / f"{program}.log"
    own = {"NOVA_METRICS_PORT": str(free_port())} if "expose" in SERVICES.get(program, {}) else {}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(program, directory), cwd=ROOT, env=environment | own, stdout=output, stderr=output
        )
    try:
        yield log
        process.terminate()
        process.wait(60)
    finally:
        process.kill()
        process.wait()


def test_every_line_is_json_and_says_which_program_speaks(environment: dict[str, str], tmp_path: Path) -> None:
    with ExitStack() as running:
        logs = {name: running.enter_context(started(name, environment, tmp_path)) for name in BEGUN}
        for name, sign in BEGUN.items():
            eventually(lambda name=name, sign=sign: sign in logs[name].read_text(), within=90)  # type: ignore[misc]

    for name, log in logs.items():
        lines = log.read_text().splitlines()
        assert [line for line in lines if not is_json(line)] == [], name
        assert {json.loads(line)["process"] for line in lines} == {name}


@pytest.mark.slow
def test_of_a_database_that_is_away_a_process_speaks_twice_a_minute(
    environment: dict[str, str], tmp_path: Path
) -> None:
    away = environment | {"DATABASE_URL": f"postgresql://nova@{LOOPBACK}:{free_port()}/nova"}

    with started("consumers", away, tmp_path) as log:
        eventually(lambda: log.read_text().count("database is away") >= 2, within=90)
        lines = [json.loads(line) for line in log.read_text().splitlines()]

    told = [line for line in lines if line["event"] == "database is away"]
    assert len(told) == 2
    assert told[1]["seconds"] >= 30
    # Each of the groups has met the outage by then, and more than once.
    assert told[1]["failures"] > 2 * len(CONSUMER_GROUPS)
    assert "Connection refused" in told[0]["reason"]
    assert sum(line["level"] == "warning" and "refused" in json.dumps(line) for line in lines) == 2


def is_json(line: str) -> bool:
    """Whether the line is an object."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
