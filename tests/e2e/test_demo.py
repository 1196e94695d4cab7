"""Demonstration: it shows what it promises, and ends well."""

from pathlib import Path

import pytest

from nova.local.processes.ports import free_port
from tests.support.platform import manage

pytestmark = pytest.mark.slow


def test_a_day_arrives_and_is_told(tmp_path: Path) -> None:
    demo = manage("demo", f"--data-dir={tmp_path}", f"--port={free_port()}")

    assert demo.returncode == 0, demo.stderr + demo.stdout
    for told in (
        "events appended",
        "published to Kafka",
        "consumed by feed-service",
        "projected",
        "p99",
        "The feed of",
    ):
        assert told in demo.stdout
    assert not (tmp_path / "services.json").exists()
