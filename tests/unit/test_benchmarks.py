"""Benchmarks: their processes begin before Django is set up in them, and a run that misses a goal says so."""

import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import evidence
from benchmarks.__main__ import conclude
from benchmarks.harness import Measure, Result, run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("module", ["relay.process", "consumers.process", "services.feed_process"])
def test_a_process_can_be_begun(module: str) -> None:
    begun = subprocess.run(
        [sys.executable, "-c", f"import benchmarks.{module}"],
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert begun.returncode == 0, begun.stderr


def result(name: str = "append", *, ratio: float, goal: float = 0.85, beside: str = "raw") -> Result:
    return Result(name=name, value=ratio * 1000, unit="events/s", raw=1000, ratio=ratio, goal=goal, beside=beside)


def ended(*results: Result, file: Path | None = None) -> tuple[int, str]:
    """The status that a run with these results ends with, and what it says at the end."""
    said = StringIO()
    return conclude(results, {"cores": "2"}, Console(file=said), rounds=3, file=file), said.getvalue()


def test_a_run_that_meets_all_its_goals_ends_well() -> None:
    assert ended(result(ratio=0.85), result(ratio=1.2)) == (0, "")


def test_a_run_that_misses_a_goal_ends_with_a_status_and_says_which() -> None:
    assert ended(result("append", ratio=0.9), result("relay", ratio=0.84)) == (1, "goals missed: relay\n")


def test_a_goal_is_met_when_the_figures_that_are_told_say_so() -> None:
    assert result(ratio=1.666, goal=1 / 0.6).is_met
    assert not result(ratio=1.65, goal=1 / 0.6).is_met


def test_of_times_the_smaller_one_is_better() -> None:
    measured = run(Measure(name="took", unit="ms", goal=0.5, raw=lambda: 2.0, nova=lambda: 4.0))

    assert measured.ratio == 0.5
    assert measured.is_met


def test_the_evidence_holds_every_result_and_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "run.md"

    ended(result("append", ratio=0.9), result("peer", ratio=0.5, goal=1.0, beside="library 1"), file=file)

    assert file.read_text(encoding="utf-8").splitlines()[4:] == [
        "| name | nova | other | unit | ratio | goal | other is | goal is |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        "| append | 900.0 | 1,000.0 | events/s | 0.90 | 0.85 | raw | met |",
        "| peer | 500.0 | 1,000.0 | events/s | 0.50 | 1.00 | library 1 | **missed** |",
        "",
        "| machine |  |",
        "| --- | --- |",
        "| cores | 2 |",
    ]


def test_the_evidence_says_when_and_at_which_commit() -> None:
    at = datetime(2026, 11, 29, 17, tzinfo=UTC)

    text = evidence.markdown([result(ratio=0.9)], {}, at=at, commit="abc1234", rounds=5)

    assert text.startswith("# Benchmark of 2026-11-29\n\n`make bench` at commit abc1234, 5 interleaved rounds")
    assert "Of 1 goals 1 are met." in text
