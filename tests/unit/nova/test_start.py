"""A program that serves ends at once, and says why, where its settings cannot work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAMS = {
    "web": ("nova.server", "--port", "0"),
    "worker": ("celery", "--app", "nova.celery:app", "--quiet", "worker", "--pool", "threads"),
    "beat": ("celery", "--app", "nova.celery:app", "--quiet", "beat", "--schedule", "/dev/null/schedule", "--pidfile="),
    "relay": ("nova", "relay"),
}
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "nova.settings.production",
    "SECRET_KEY": "only-for-this-test",
    "ALLOWED_HOSTS": "nova.example",
    "DATABASE_URL": "postgresql://nova@127.0.0.1:1/nova",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "KAFKA_BROKERS": "127.0.0.1:1",
    "KAFKA_SECURITY_PROTOCOL": "SSL",
    "NOVA_BUS": "kafka",
}


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    """The exit status, and what was said."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def programs(*quick: str) -> pytest.MarkDecorator:
    """Each program; the others are longer proofs, for each takes seconds to start."""
    rest = [pytest.param(name, marks=pytest.mark.slow) for name in PROGRAMS if name not in quick]
    return pytest.mark.parametrize("program", [*quick, *rest])


@programs("web", "relay")
def test_a_program_names_what_is_wrong_with_an_address_and_does_not_show_it(program: str) -> None:
    status, said = run(*PROGRAMS[program], **PRODUCTION | {"REDIS_URL": "redis://:s3cr3t/x@127.0.0.1:1/0"})

    assert status != 0
    assert "REDIS_URL must be redis://" in said
    assert "s3cr3t" not in said
    assert "Traceback" not in said


@programs("worker", "beat")
def test_a_program_does_not_serve_with_settings_that_nobody_has_chosen(program: str, tmp_path: Path) -> None:
    status, said = run(*PROGRAMS[program], NOVA_DATA_DIR=str(tmp_path))

    assert status != 0
    assert "nova.E004" in said
    assert "DJANGO_SETTINGS_MODULE" in said


def test_commands_need_no_settings_to_be_chosen(tmp_path: Path) -> None:
    assert run("nova", "check", NOVA_DATA_DIR=str(tmp_path))[0] == 0
    key = ("nova", "shell", "--no-imports", "--command", "from django.conf import settings; print(settings.SECRET_KEY)")
    (_, one), (_, other) = (run(*key, NOVA_DATA_DIR=str(tmp_path)) for _ in range(2))
    assert one != other


def test_events_that_stay_in_one_process_are_refused_where_several_are_deployed() -> None:
    deployed = PRODUCTION | {"SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQ"}
    assert run("nova", "check", "--deploy", **deployed)[0] == 0

    status, said = run("nova", "check", "--deploy", **deployed | {"NOVA_BUS": "memory"})
    assert status != 0
    assert "NOVA_BUS must be kafka or rabbitmq" in said

    of_one_own = deployed | {"DJANGO_SETTINGS_MODULE": "nova.settings.test", "NOVA_BUS": "memory"}
    status, said = run("nova", "check", "--deploy", **of_one_own)
    assert status == 1
    assert "outbox.E023" in said
    assert run("nova", "check", **of_one_own)[0] == 0


def test_every_program_sends_tasks_to_the_broker_that_the_settings_name() -> None:
    asking = "import django; django.setup(); from celery import current_app; print(current_app.conf.broker_url)"
    done = subprocess.run(
        [sys.executable, "-c", asking],
        check=True,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | PRODUCTION,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.stdout.strip() == PRODUCTION["REDIS_URL"]
