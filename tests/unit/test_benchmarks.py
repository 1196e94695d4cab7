"""Processes of benchmarks begin before Django is set up in them: what they import first needs none of it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("module", ["relay_process", "effect_process", "feed_process"])
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
