"""An operation on many sagas while its worker is killed: each instance is acted upon once, and none is left out."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sagas.api import SagaFilter, start_operation
from sagas.models import SagaOperation, SagaState, SagaTransition
from tests.support.databases import MortalPostgres
from tests.support.flagged_cases import begin_cases
from tests.support.outbox import eventually, unique
from tests.support.production import START_TIMEOUT, Production, production, worker_command
from tests.support.restores import moved_to

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("redis_url")]

CASES, RATE, KILLS = 500, 50.0, 3


@pytest.fixture
def programs(tmp_path: Path, redis_server_url: str, kafka_brokers: str, django_db_blocker: Any) -> Iterator[Production]:
    """A production set of which nothing runs yet, with cases that wait for their reviewers."""
    postgres = MortalPostgres(tmp_path)
    postgres.start()
    environment = {"DATABASE_URL": postgres.address, "REDIS_URL": redis_server_url, "KAFKA_BROKERS": kafka_brokers}
    with (
        production(tmp_path, **environment, KAFKA_TOPIC_PREFIX=unique("operations")) as made,
        django_db_blocker.unblock(),
        moved_to(postgres.address),
    ):
        made.manage("migrate", "--noinput")
        made.commands["worker"] = worker_command("worker", "--runners=sagas")
        begin_cases([datetime.now(UTC) + timedelta(hours=1)] * CASES)
        yield made
    postgres.stop()


def test_each_instance_is_acted_upon_once_however_often_the_worker_is_killed(programs: Production) -> None:
    operation, _ = start_operation(
        "cancel", SagaFilter(saga="moderation"), actor="ann", reason="they were spam", rate=RATE
    )
    programs.start("worker")
    for kill in range(1, KILLS + 1):
        eventually(lambda: done(operation) >= kill * CASES / 5, within=START_TIMEOUT)  # noqa: B023 - awaited at once
        programs.crash("worker")

    eventually(lambda: done(operation) == CASES, within=START_TIMEOUT)
    eventually(lambda: SagaOperation.objects.get(pk=operation.pk).state == "done")
    assert set(SagaState.objects.values_list("status", flat=True)) == {"failed"}
    kept = SagaTransition.objects.filter(cause="operator").values_list("cause_type", "actor", "reason")
    assert list(kept) == [("cancel", "ann", "they were spam")] * CASES
    assert programs.stop("worker") < START_TIMEOUT
    assert programs.statuses["worker"] in (0, -signal.SIGTERM)


def done(operation: SagaOperation) -> int:
    """How many instances it has dealt with."""
    return SagaOperation.objects.values_list("done", flat=True).get(pk=operation.pk)
