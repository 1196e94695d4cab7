"""Service discovery: what `services.json` says is true, and private."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from nova.local import services
from nova.local.identity import start_mark
from nova.local.services import Admin, Services, data_directory, running_services


@pytest.fixture
def announced():
    return Services(
        database_url="postgresql://nova:secret@127.0.0.1:20001/nova",
        redis_url="redis://:secret@127.0.0.1:20002/0",
        kafka_brokers="127.0.0.1:20003",
        web_url="http://127.0.0.1:8000",
        admin=Admin(user="admin", password="secret"),
        api_token="secret",
        processes={"postgres": 17},
        supervisor_pid=os.getpid(),
        supervisor_mark=start_mark(os.getpid()) or "",
    )


def test_what_is_written_is_read_while_the_supervisor_lives(tmp_path, announced):
    services.write(tmp_path, announced)

    assert running_services(tmp_path) == announced


def test_only_the_owner_may_read_it(tmp_path, announced):
    services.write(tmp_path, announced)

    assert stat.S_IMODE((tmp_path / "services.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["services.json"]


def test_a_tool_finds_the_documented_names(tmp_path, announced):
    services.write(tmp_path, announced)

    content = json.loads((tmp_path / "services.json").read_text())
    assert content == asdict(announced)
    assert {"database_url", "redis_url", "kafka_brokers", "web_url", "admin", "api_token", "processes"} <= set(content)
    assert content["admin"] == {"user": "admin", "password": "secret"}


def test_nothing_runs_without_a_file(tmp_path):
    assert running_services(tmp_path) is None


def test_a_file_of_a_supervisor_that_died_counts_as_none(tmp_path, announced):
    process = subprocess.Popen([sys.executable, "-c", ""])
    mark = start_mark(process.pid) or ""
    process.wait()
    services.write(tmp_path, replace(announced, supervisor_pid=process.pid, supervisor_mark=mark))

    assert running_services(tmp_path) is None


def test_a_process_that_got_the_number_of_a_dead_supervisor_is_not_taken_for_it(tmp_path, announced):
    services.write(tmp_path, replace(announced, supervisor_mark="another boot:123"))

    assert running_services(tmp_path) is None


def test_a_restarted_process_is_known_by_its_new_number(announced):
    assert announced.with_process("postgres", 18).processes == {"postgres": 18}


def test_removing_twice_is_fine(tmp_path, announced):
    services.write(tmp_path, announced)
    services.remove(tmp_path)
    services.remove(tmp_path)

    assert running_services(tmp_path) is None


def test_the_data_directory_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NOVA_DATA_DIR", raising=False)
    assert data_directory() == tmp_path / ".nova"

    monkeypatch.setenv("NOVA_DATA_DIR", "elsewhere")
    assert data_directory() == tmp_path / "elsewhere"
