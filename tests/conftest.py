"""Fixtures of all tests: real servers, started when the first test asks for them and stopped at the end.

`DATABASE_URL`, `REDIS_URL` and `KAFKA_BROKERS` name servers to use instead. Tests that only roll back take
pytest-django's `db`; tests that commit take `committed_db`. RabbitMQ cannot be had from a wheel: where the machine has
none, its tests are skipped, and the summary says so.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
from django.db import connections
from django.test.utils import setup_databases, teardown_databases

from nova.local.servers.embedded import Embedded, kafka_server, postgres_server, valkey_server
from nova.settings import environment as env
from tests.support.database import empty_all_tables
from tests.support.order import longest_first
from tests.support.rabbitmq import obstacle, rabbitmq_server

# To explain a failure line by line, Hypothesis traces every line of every example: several times the time of all tests.
hypothesis.settings.register_profile(
    "nova",
    phases=[phase for phase in hypothesis.Phase if phase is not hypothesis.Phase.explain],
    # How long anything takes is the machine's, which others may use as well.
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("nova")

pytest_plugins = ["pytester", "tests.support.mail", "tests.support.proofs_of_time"]


@pytest.fixture(scope="session")
def server_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the suite's servers keep their data."""
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def database_url(server_directory: Path) -> Iterator[str]:
    """PostgreSQL, with a role that may create databases."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    with postgres_server(server_directory) as server:
        yield server.address


@pytest.fixture(scope="session")
def redis_server_url(server_directory: Path) -> Iterator[str]:
    """Valkey, for the whole session."""
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    with valkey_server(server_directory) as server:
        yield server.address


@pytest.fixture(scope="session")
def kafka_brokers(server_directory: Path) -> Iterator[str]:
    """Apache Kafka."""
    if brokers := os.environ.get("KAFKA_BROKERS"):
        yield brokers
        return
    with kafka_server(server_directory) as server:
        yield server.address


@pytest.fixture(scope="session")
def rabbitmq(server_directory: Path) -> Iterator[Embedded]:
    """RabbitMQ."""
    if reason := obstacle():
        pytest.skip(f"RabbitMQ was not tested: {reason}")
    with rabbitmq_server(server_directory) as server:
        yield server


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest modules begin first, and refuse proofs of time that would not be run alone."""
    items[:] = longest_first(items)
    for item in items:
        if item.get_closest_marker("alone") and not item.get_closest_marker("slow"):
            raise pytest.UsageError(f"{item.nodeid} is marked `alone`, which only `slow` ones can be")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say loudly what could not be tested here, or not shown on a machine that was busy."""
    skipped = terminalreporter.stats.get("skipped", ())
    reasons = Counter(str(one.longrepr[2]).removeprefix("Skipped: ") for one in skipped)
    if reasons:
        terminalreporter.section("NOT TESTED OR NOT SHOWN", sep="!", red=True, bold=True)
    for reason, number in reasons.items():
        terminalreporter.line(f"{number} skipped: {reason}", red=True)


@pytest.fixture(scope="session")
def django_db_setup(database_url: str, django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """The test database, on a server that starts only now; also for tests that take nothing but `committed_db`."""
    connections.databases["default"].update(env.database(database_url, pool_size=0))
    with django_db_blocker.unblock():
        created = setup_databases(verbosity=0, interactive=False, aliases={"default": None})
        yield
        connections.close_all()
        teardown_databases(created, verbosity=0)


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database in which transactions really commit; empty again afterwards."""
    with django_db_blocker.unblock():
        yield
        connections["default"].close()
        empty_all_tables()
        connections["default"].close()


@pytest.fixture
def redis_url(redis_server_url: str, settings: Any) -> Iterator[str]:
    """An empty Valkey that Nova's settings point at."""
    settings.REDIS_URL = settings.CELERY_BROKER_URL = redis_server_url
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": redis_server_url}}
    client = redis.Redis.from_url(redis_server_url)
    client.flushdb()
    yield redis_server_url
    client.flushdb()
    client.close()
