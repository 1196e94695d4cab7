"""API description: a running Nova does what its OpenAPI document says, tried by schemathesis with all its checks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nova.rest.tokens import SCOPES
from tests.support.platform import CHECKOUT, environment, manage, running

pytestmark = pytest.mark.slow

SEED = 1
# Drawn requests for each operation; and seconds after which no more edges of parameters and bodies are tried.
MAX_EXAMPLES = 5
MAX_TIME = 90
CONFIG = """
[checks.positive_data_acceptance]
# Our own check looks closer at 400 and 422.
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "412", "422", "428", "429"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428", "429"]
"""


def test_it_says_what_a_running_nova_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Whether an operation asks for a token is tried without one, again and again.
    monkeypatch.setenv("NOVA_API_FAILURE_RATE", "10000/s")
    with running(tmp_path / "nova", "--broker=mock") as (_, services):
        scopes = [part for scope in SCOPES for part in ("--scope", scope)]
        made = manage("token", "create", "schemathesis", *scopes, DATABASE_URL=services["database_url"])
        url, token = services["web_url"], made.stdout.split()[-1]
        drawn = _tried(tmp_path, "fuzzing", url, token, f"--max-examples={MAX_EXAMPLES}")
        _tried(tmp_path, "coverage", url, token, f"--max-time={MAX_TIME}")

    assert drawn["tested"] == drawn["total"]


def _tried(directory: Path, phase: str, url: str, token: str, *options: str) -> dict[str, int]:
    """Try all operations, and say how many there were and what they answered."""
    (directory / "schemathesis.toml").write_text(CONFIG)
    report, answers = directory / f"{phase}.json", directory / f"{phase}-statuses.json"
    run = subprocess.run(
        [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
            *(f"--config-file={directory / 'schemathesis.toml'}", "run", f"{url}/api/schema/"),
            *("--header", f"Authorization: Bearer {token}", "--checks=all", f"--phases={phase}", "--no-color"),
            *("--generation-database=none", "--generation-allow-x00=false", "--suppress-health-check=all"),
            *(f"--seed={SEED}", f"--report-json-path={report}", *options),
        ],
        # It keeps what it has found where it runs.
        cwd=directory,
        env=environment(
            SCHEMATHESIS_HOOKS="tests.support.api_rules", API_STATUSES=str(answers), PYTHONPATH=str(CHECKOUT)
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr
    told = json.loads(report.read_text())
    statuses = {int(status): count for status, count in json.loads(answers.read_text()).items()}
    print(f"\n{phase}: {told['operations']}, {told['test_cases']}, answers by status: {statuses}")
    assert max(statuses) < 500
    operations: dict[str, int] = told["operations"]
    return operations
