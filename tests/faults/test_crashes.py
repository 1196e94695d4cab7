"""Every process is killed in the middle of an import: nothing is lost, nothing has its effect twice."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.platform import CHECKOUT, Nova, await_true, environment, manage, running
from tests.support.receipts import write_receipts
from tests.support.topics import everything_on, header, versions_by_key
from tests.support.truth import Truth

pytestmark = pytest.mark.slow

ROWS, CASES = 30_000, 2_000
TOPIC = "nova.receipt.events"
MAP = CHECKOUT / "examples" / "import" / "receipt.toml"


@pytest.fixture
def receipts(tmp_path: Path) -> Path:
    path = tmp_path / "receipts.csv.gz"
    write_receipts(path, rows=ROWS, cases=CASES)
    return path


@pytest.fixture
def nova(tmp_path: Path) -> Iterator[tuple[Nova, dict[str, Any]]]:
    with running(tmp_path / "data") as started:
        yield started


def start_import(receipts: Path, nova: Nova) -> subprocess.Popen[str]:
    """An import with small batches, so that there is a middle to kill things in."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_events", str(receipts), f"--map={MAP}", "--batch=20"],
        cwd=CHECKOUT,
        env=environment(NOVA_DATA_DIR=str(nova.directory)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_nothing_is_lost_and_nothing_happens_twice(nova: tuple[Nova, dict[str, Any]], receipts: Path) -> None:
    platform, services = nova
    truth = Truth(services["database_url"])
    importing = start_import(receipts, platform)
    seen = 0
    for name in ("relay", "consumers", "worker", "kafka", "postgres"):
        await_true(lambda seen=seen: truth.events() > seen + 1_000, what="progress of the import")  # type: ignore[misc]
        platform.crash(name)
        seen = truth.events()
    await_true(lambda: truth.events() > seen + 500, what="progress of the import")
    assert importing.poll() is None, f"the import was over before it could be killed: {importing.communicate()[0]}"
    importing.kill()
    importing.communicate()
    stopped_at = truth.number("SELECT rows FROM event_imports")

    said, _ = start_import(receipts, platform).communicate(timeout=300)

    assert f"{ROWS} rows (resumed after row {stopped_at}): {ROWS} events appended, 0 already there, 0 rejected" in said
    await_true(lambda: truth.pending() == 0, what="the end of the outbox", timeout=60)
    await_true(lambda: truth.handled() == ROWS, what="the last effect", timeout=60)
    await_true(platform.is_ready, what="readiness", timeout=60)
    assert truth.events() == ROWS
    assert truth.counted() == ROWS
    assert truth.number("SELECT count(*) FROM dead_letters") == 0
    assert truth.number("SELECT count(DISTINCT (aggregate_id, version)) FROM domain_events") == ROWS

    # What projections and handlers keep is what the log says, also in another order that the messages could have had.
    for order in ([], ["--reorder"]):
        checked = manage("projections", "verify", *order, NOVA_DATA_DIR=str(platform.directory))
        assert checked.returncode == 0, checked.stderr
        assert "analytics-counts is what the log says." in checked.stdout

    messages = everything_on(platform.services()["kafka_brokers"], TOPIC)
    versions = versions_by_key(messages)
    assert len(versions) == CASES
    assert {tuple(found) for found in versions.values()} == {tuple(range(1, ROWS // CASES + 1))}
    assert {header(message, "event_type")[:8] for message in messages} == {"receipt."}

    again, _ = start_import(receipts, platform).communicate(timeout=300)
    assert f"{ROWS} rows: 0 events appended, {ROWS} already there" in again


def test_an_import_travels_on_like_any_other_event(nova: tuple[Nova, dict[str, Any]], receipts: Path) -> None:
    platform, services = nova
    truth = Truth(services["database_url"])
    said, _ = start_import(receipts, platform).communicate(timeout=300)

    assert f"{ROWS} events appended" in said
    await_true(lambda: truth.pending() == 0, what="the end of the outbox", timeout=60)
    await_true(lambda: truth.handled() == ROWS, what="the last effect", timeout=60)
    messages = everything_on(services["kafka_brokers"], TOPIC)
    assert len(messages) == len({header(message, "event_id") for message in messages}) == ROWS
    assert {tuple(found) for found in versions_by_key(messages).values()} == {tuple(range(1, ROWS // CASES + 1))}
    assert truth.counted() == ROWS
