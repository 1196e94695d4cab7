"""Whole platform: `manage.py up` runs all of Nova, and leaves nothing behind."""

import json
import signal
import stat
import urllib.request
from pathlib import Path

import psutil
import psycopg
import pytest

from nova.local.processes.ports import free_port
from tests.support.platform import STOP, assert_all_gone, manage, running

pytestmark = pytest.mark.slow


def test_everything_is_announced_healthy_and_found_by_other_commands(tmp_path: Path):
    with running(tmp_path) as (nova, services):
        assert set(services) >= {
            "database_url",
            "redis_url",
            "kafka_brokers",
            "web_url",
            "admin",
            "api_token",
            "processes",
        }
        assert list(services["processes"]) == [
            *("postgres", "valkey", "kafka", "web", "relay", "consumers", "worker", "beat")
        ]
        assert stat.S_IMODE((tmp_path / "services.json").stat().st_mode) == 0o600
        table = "".join(nova.output)
        for shown in (services["web_url"], services["admin"]["password"], services["api_token"]):
            assert shown in table

        with urllib.request.urlopen(f"{services['web_url']}/health/ready") as answer:  # noqa: S310 - our own address
            assert answer.status == 200
        status = manage("status", f"--data-dir={tmp_path}")
        assert status.returncode == 0, status.stderr
        assert "Nova is healthy." in status.stdout


def test_a_second_up_on_the_same_directory_is_refused_in_one_line(tmp_path: Path):
    with running(tmp_path) as (nova, _):
        second = manage("up", f"--data-dir={tmp_path}", f"--port={free_port()}")

        assert second.returncode == 1
        assert f"process {nova.process.pid}" in second.stderr
        assert len(second.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_no_process_and_no_file(tmp_path: Path, number: signal.Signals):
    with running(tmp_path) as (nova, services):
        assert nova.stop(number) == 0

    assert_all_gone(services, tmp_path)
    assert not (tmp_path / "services.json").exists()
    assert manage("status", f"--data-dir={tmp_path}").returncode == 1


def test_a_killed_up_leaves_no_process_either_and_the_next_one_finds_the_data(tmp_path: Path):
    with running(tmp_path) as (nova, services):
        with psycopg.connect(services["database_url"]) as connection:
            connection.execute("create table kept as select 'found' as value")
        nova.stop(signal.SIGKILL)

    assert_all_gone(services, tmp_path)
    with running(tmp_path) as (_, again):
        assert again["api_token"] == services["api_token"]
        assert again["admin"] == services["admin"]
        with psycopg.connect(again["database_url"]) as connection:
            assert connection.execute("select value from kept").fetchone() == ("found",)


def test_each_killed_process_is_restarted_and_nova_is_healthy_again(tmp_path: Path):
    with running(tmp_path) as (_, services):
        pids = services["processes"]
        for name in ("postgres", "valkey", "kafka", "relay", "consumers", "worker", "beat", "web"):
            killed = psutil.Process(pids[name])
            killed.kill()
            killed.wait(STOP)

            while manage("status", f"--data-dir={tmp_path}").returncode != 0:
                pass
            now = json.loads((tmp_path / "services.json").read_text())["processes"]
            assert {one for one in now if now[one] != pids[one]} == {name}
            pids = now


def test_the_mock_broker_takes_kafkas_place_with_a_warning(tmp_path: Path):
    with running(tmp_path, "--broker=mock") as (nova, services):
        assert "kafka" not in services["processes"]
        assert "keeps messages in memory only" in "".join(nova.output)
