"""Platform: its programs are ready together, announced truly, and gone together.

Its programs are small stand-ins here, and the environment gives its servers; `tests/e2e/test_up.py` runs the real ones.
"""

import json
import stat
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from nova.local import steps
from nova.local.credentials import Credentials
from nova.local.exceptions import AlreadyRunningError, PortUnusableError, StartFailedError, UnreachableDirectoryError
from nova.local.platform import Options, Platform
from nova.local.processes import programs, supervised
from nova.local.processes.interruption import Interrupted
from nova.local.processes.ports import free_port
from nova.local.services import running_services

WEB = """
import http.server, json, sys
class Answer(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Answer.asked += 1
        ready = Answer.asked > 2
        body = json.dumps({"checks": {"database": "ok", "consumers": "ok" if ready else "not seen yet"}}).encode()
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
WAIT = ("-c", "import signal; signal.pause()")
NOTHING = ("-c", "")
# Leaves a mark for each run, and prints a token after other output.
CREATE_TOKEN = """
import os, pathlib
pathlib.Path(os.environ["NOVA_DATA_DIR"], "tokens").open("a").write("x")
print("Created:")
print("the-token")
"""


class Recorder(Console):
    """Keeps what is printed."""

    def __init__(self) -> None:
        super().__init__(record=True, width=200, force_terminal=False)


@pytest.fixture(autouse=True)
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web = tmp_path / "web.py"
    web.write_text(WEB)
    monkeypatch.setattr(programs, "PROGRAMS", {"web": (str(web), "{port}"), "relay": WAIT, "beat": WAIT})
    monkeypatch.setattr(programs, "MIGRATE", NOTHING)
    monkeypatch.setattr(programs, "TOPICS", NOTHING)
    monkeypatch.setattr(programs, "ACCOUNT", NOTHING)
    monkeypatch.setattr(programs, "TOKEN", ("-c", CREATE_TOKEN))
    for variable, url in {
        "DATABASE_URL": "postgresql://someone@db/theirs",
        "REDIS_URL": "redis://cache/0",
        "KAFKA_BROKERS": "broker:9092",
    }.items():
        monkeypatch.setenv(variable, url)


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(directory=tmp_path / "data", port=free_port(), demo_data=False)


def platform(options: Options) -> Platform:
    return Platform(options, console=Recorder())


def test_it_announces_everything_while_it_runs_and_nothing_after(options: Options):
    with platform(options).running() as services:
        assert running_services(options.directory) == services
        assert services.database_url == "postgresql://someone@db/theirs"
        assert services.redis_url == "redis://cache/0"
        assert services.kafka_brokers == "broker:9092"
        assert services.web_url == f"http://127.0.0.1:{options.port}"
        assert services.admin.user == "admin"
        assert services.api_token == "the-token"
        assert list(services.processes) == ["web", "relay", "beat"]
        assert all(map(psutil.pid_exists, services.processes.values()))

    assert running_services(options.directory) is None
    assert not (options.directory / "services.json").exists()
    assert not any(map(psutil.pid_exists, services.processes.values()))


def test_programs_find_their_services_in_their_environment(options: Options):
    with platform(options).running() as services:
        environment = psutil.Process(services.processes["relay"]).environ()

    assert environment["DATABASE_URL"] == services.database_url
    assert environment["NOVA_DATA_DIR"] == str(options.directory)
    assert environment["SECRET_KEY"] == Credentials.of(options.directory).secret_key
    assert environment["DJANGO_SETTINGS_MODULE"]
    assert environment["NOVA_METRICS_PORT"] == "0"


def test_each_step_is_shown(options: Options):
    console = Recorder()
    with Platform(options, console=console).running():
        pass

    shown = console.export_text()
    assert "migrate: running" in shown
    assert "web: ready after" in shown


def test_a_restarted_process_is_announced_by_its_new_number(options: Options, monkeypatch: pytest.MonkeyPatch):
    with platform(options).running() as services:
        before = services.processes["relay"]
        psutil.Process(before).kill()
        path = options.directory / "services.json"
        while (now := json.loads(path.read_text())["processes"]["relay"]) == before:
            pass

        assert psutil.pid_exists(now)


def test_the_token_is_created_once_and_kept(options: Options):
    for _ in range(2):
        with platform(options).running() as services:
            assert services.api_token == "the-token"

    assert (options.directory / "tokens").read_text() == "x"


def test_secrets_are_for_the_owner_only(options: Options):
    with platform(options).running():
        for name in ("services.json", "credentials.json"):
            assert stat.S_IMODE((options.directory / name).stat().st_mode) == 0o600
        assert stat.S_IMODE((options.directory / "logs").stat().st_mode) == 0o700
        assert (options.directory / ".gitignore").read_text() == "*\n"


def test_a_second_one_on_the_same_directory_is_refused(options: Options):
    with platform(options).running(), pytest.raises(AlreadyRunningError), platform(options).running():
        pass


def test_two_directories_run_side_by_side(options: Options, tmp_path: Path):
    other = replace(options, directory=tmp_path / "other", port=free_port())
    with platform(options).running() as one, platform(other).running() as two:
        assert running_services(options.directory) == one
        assert running_services(other.directory) == two


def test_a_busy_port_is_refused_before_anything_starts(options: Options, tmp_path: Path):
    other = replace(options, directory=tmp_path / "other")
    with platform(options).running(), pytest.raises(PortUnusableError, match="--port"), platform(other).running():
        pass


def test_a_directory_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path):
    (tmp_path / "file").touch()

    unusable = Options(directory=tmp_path / "file" / "data")
    with pytest.raises(UnreachableDirectoryError, match="--data-dir") as refusal, platform(unusable).running():
        pass

    assert "\n" not in str(refusal.value)


def test_a_program_that_does_not_start_takes_everything_down(options: Options, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(supervised, "BACK_OFF", (0.0,))
    # Without its relay, nothing answers that all is well.
    broken = {**programs.PROGRAMS, "web": WAIT, "relay": ("-c", "import sys; sys.exit('no broker')")}
    monkeypatch.setattr(programs, "PROGRAMS", broken)

    before = set(psutil.Process().children())

    with pytest.raises(StartFailedError, match="relay ended with status 1") as failure, platform(options).running():
        pass

    assert "no broker" in failure.value.tail
    assert not (options.directory / "services.json").exists()
    left = set(psutil.Process().children()) - before
    assert not [child for child in left if child.status() != psutil.STATUS_ZOMBIE]


def test_a_step_that_fails_shows_the_end_of_its_log(options: Options, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(programs, "MIGRATE", ("-c", "import sys; sys.exit('no such table')"))

    with pytest.raises(StartFailedError, match="no such table"), platform(options).running():
        pass


def test_ctrl_c_stops_it_in_order(options: Options):
    with pytest.raises(Interrupted), platform(options).running() as services:
        raise Interrupted

    assert not any(map(psutil.pid_exists, services.processes.values()))
    assert not (options.directory / "services.json").exists()


def test_demo_data_is_offered_to_a_new_directory_only(options: Options, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(steps, "get_commands", lambda: {"seed_demo": "nova"})
    seed = "import os, pathlib; pathlib.Path(os.environ['NOVA_DATA_DIR'], 'seeded').open('a').write('x')"
    monkeypatch.setattr(programs, "DEMO_DATA", ("-c", seed))
    for _ in range(2):
        with platform(replace(options, demo_data=True)).running():
            pass

    assert (options.directory / "seeded").read_text() == "x"
